"""NIQE of faces: pyiqa's distance with our pristine model, what it ranks, and where it has no number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made import call, draw_picture, encode_picture, run, write_files
from made.textured import without_ties
from torch import Tensor

from fsrbench import weights
from fsrbench.datasets import open_dataset
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.resampling import gaussian_blur, jpeg, to_image
from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics import PRESETS, resolve
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.niqe_face import SIDES, NiqeFace
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import TASKS, Task
from tools.niqe_face.__main__ import main as fit


@pytest.fixture(scope="module")
def faces() -> Tensor:
    """Synthetic faces of the sample, which the model has not seen: 12,3,64,64."""
    from fsrbench.degradations.recipes import find_degradation

    samples = list(open_dataset("sample").head(12))
    inputs = prepare(samples, TASKS["x4"], find_degradation("bicubic"), 0)
    assert inputs.hr is not None
    return to_tensor(inputs.hr)


def changed(images: Tensor, change) -> Tensor:
    return to_tensor(np.stack([np.asarray(change(picture)) for picture in to_uint8(images)]))


def blur(sigma: float):
    return lambda picture: to_image(gaussian_blur(picture.astype(float), sigma, sigma))


def noise(deviation: float):
    return lambda picture: to_image(picture + np.random.RandomState(0).normal(0, deviation, picture.shape))


def as_jpeg(quality: int):
    return lambda picture: jpeg(to_image(picture), quality)


@pytest.mark.parametrize("side", SIDES)
def test_distance_is_pyiqas_with_this_model_and_these_blocks(side):
    from pyiqa.archs import niqe_arch
    from pyiqa.utils.color_util import to_y_channel
    from safetensors.torch import load_file

    drawn = to_tensor(np.stack([np.asarray(draw_picture(seed, side)) for seed in range(3)]))
    images = to_tensor(without_ties(to_uint8(changed(drawn, noise(8)))))
    model = load_file(weights.find("niqe_face"))
    grey = to_y_channel(images, 255, "yiq").round().double()
    pristine = model[f"mean_{side}"][None], model[f"covariance_{side}"][None]
    expected = [float(niqe_arch.niqe(g[None], *pristine, side // 4, side // 4)) for g in grey]
    assert NiqeFace().score(images, None).tolist() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "ladder",
    [[blur(s) for s in (0.5, 1, 2)], [noise(d) for d in (5, 10, 20)], [as_jpeg(q) for q in (60, 30, 10)]],
    ids=["blur", "noise", "jpeg"],
)
def test_the_stronger_the_change_the_higher(faces, ladder):
    scores = [NiqeFace().score(changed(faces, change), None).mean().item() for change in ladder]
    assert sorted(scores) == scores
    assert NiqeFace().score(faces, None).mean().item() < scores[-1]


def test_a_picture_has_the_same_number_alone_and_in_a_batch(faces):
    together = NiqeFace().score(faces, None)
    assert together.dtype == torch.float64
    assert together.tolist() == [NiqeFace().score(face[None], None).item() for face in faces]


def test_flat_pictures_have_no_number_and_flat_blocks_do_not_count(faces):
    faces = faces[:2].clone()
    faces[0] = 0.5
    faces[1, :, :16] = 0.0  # four of the sixteen blocks, as where a crop reached over the border
    values = NiqeFace().score(faces, None)
    assert torch.isnan(values[0])
    assert 0 < values[1] < 20


def test_sizes_without_a_model_are_invalid_and_the_model_may_be_another(tmp_path):
    from dataclasses import replace

    facts = Facts(TASKS["x4"], images=3, has_hr=False, has_pairs=False)
    NiqeFace().check(facts)
    for task in (Task(64, 4), Task(512, 1)):
        with pytest.raises(Invalid, match=f"pristine models of faces of 64 and 128 px, not of {task.hr_size} px"):
            NiqeFace().check(replace(facts, task=task))
    (tmp_path / "no.safetensors").write_bytes(b"no tensors")
    with (
        weights.override({"niqe_face": tmp_path / "no.safetensors"}),
        pytest.raises(Unavailable, match="cannot be used"),
    ):
        NiqeFace().check(facts)


def test_it_needs_only_the_package_and_is_in_the_default_table(tmp_path):
    assert {"niqe", "niqe_face"} <= set(PRESETS["paper"])
    (metric,) = resolve(["niqe_face"])
    assert metric.direction == "lower"
    names = ["a.png", "b.png", "c.png"]
    pictures = {name: encode_picture(draw_picture(seed, 64)) for seed, name in enumerate(names)}
    found = run(write_files(tmp_path / "data", pictures), tmp_path / "out", "--metrics", "niqe_face", "--offline")
    assert (found.code, found.status("bicubic", "niqe_face")) == (0, "ok")
    assert found.status("hr", "niqe_face") == "ok"  # the ceiling
    assert found.manifest["metric_weights"]["niqe_face"]["as_declared"] is True
    assert "NIQE (face)" in call("table", found.path).stdout


def test_the_model_is_mean_and_covariance_of_the_blocks_of_its_faces(tmp_path):
    from safetensors.torch import load_file

    from fsrbench.metrics.niqe_face import face_features

    pictures = {f"{seed}.png": encode_picture(draw_picture(seed, 128)) for seed in range(4)}
    fit(str(write_files(tmp_path / "faces", pictures)), str(tmp_path / "model.safetensors"))
    model = load_file(tmp_path / "model.safetensors")
    blocks = face_features(to_tensor(np.stack([np.asarray(draw_picture(seed, 128)) for seed in range(4)]))).numpy()
    blocks = blocks.reshape(-1, 36)
    assert model["mean_128"].numpy() == pytest.approx(blocks.mean(axis=0))
    assert model["covariance_128"].numpy() == pytest.approx(np.cov(blocks, rowvar=False))
    assert model.keys() == {f"{name}_{side}" for name in ("mean", "covariance") for side in SIDES}
    assert Path(weights.find("niqe_face")).stat().st_size < 30_000
