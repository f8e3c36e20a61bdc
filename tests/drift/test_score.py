"""Scoring new pictures by a run, against the measures of what the method gives by itself."""

from __future__ import annotations

import io
from unittest import mock

import numpy as np
import pytest
from made.drifting import faces
from made.extractors import Colours, use_colours
from PIL import Image

from fsrbench.drift import score as scoring
from fsrbench.drift.known import INPUTS, OUTPUTS
from fsrbench.drift.score import score
from fsrbench.drift.windows import measured
from fsrbench.metrics.extractors.base import extract
from fsrbench.pictures.decode import to_tensor

LRS = faces(5, seed=0)


def files(pictures: list[np.ndarray]) -> dict[str, bytes]:
    found = {}
    for place, picture in enumerate(pictures):
        Image.fromarray(picture).save(buffer := io.BytesIO(), "PNG")
        found[f"cam/{place} ä.png"] = buffer.getvalue()
    return found


def enlarged(lr: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(lr).resize((64, 64), Image.Resampling.BICUBIC))


def test_inputs_are_enlarged_and_each_is_measured_once() -> None:
    with mock.patch.object(scoring, "measured", wraps=measured) as calls:
        found = score(files(LRS), "bicubic", "x4", ["niqe_face"], of_sr=False)
    assert calls.call_count == len(LRS)
    assert set(found.values) == set(files(LRS))
    assert set(found.facts["protocols"]) == {"niqe_face"}
    for lr, numbers in zip(LRS, found.values.values(), strict=True):
        expected = measured(enlarged(lr), lr)
        assert set(numbers) == {each.name for each in (*INPUTS, *OUTPUTS)} - {"lr_size"} | {"niqe_face"}
        for name in ("lr_brightness", "lr_noise", "sr_contrast", "sr_sharpness"):
            assert numbers[name] == pytest.approx(expected[name], rel=0.02), name


def test_outputs_of_another_system_are_measured_as_they_are() -> None:
    pictures = [enlarged(lr) for lr in LRS]
    found = score(files(pictures), "never loaded", "x4", ["niqe_face"], of_sr=True)
    assert list(found.values) == list(files(pictures))
    for picture, numbers in zip(pictures, found.values.values(), strict=True):
        assert {name: numbers[name] for name in measured(picture, None)} == pytest.approx(measured(picture, None))
        assert numbers["niqe_face"] is not None
    by_method = score(files(LRS), "bicubic", "x4", ["niqe_face"], of_sr=False)
    assert found.facts["protocols"] == by_method.facts["protocols"]


def test_descriptors_come_with_the_metric_that_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    use_colours(monkeypatch, "dlib")
    monkeypatch.setattr("fsrbench.metrics.face_descriptors.choose_descriptor", lambda names, asked: "dlib")
    found = score(files(LRS), "bicubic", "x4", ["identity_lr"], of_sr=False)
    assert set(found.descriptors) == set(files(LRS))
    for lr, sides in zip(LRS, found.descriptors.values(), strict=True):
        expected = extract(Colours(), to_tensor(enlarged(lr)[None].copy()), {})["descriptor"][0]
        np.testing.assert_allclose(sides["sr"], expected, atol=2e-3)
        np.testing.assert_allclose(sides["lr"], sides["sr"], atol=2e-3)  # the method is the same enlargement
