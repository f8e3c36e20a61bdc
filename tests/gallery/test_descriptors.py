"""The face descriptors that a run keeps, against those of its pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import picture_files, run, write_files
from made.extractors import Colours, use_colours
from PIL import Image

from fsrbench.gallery import keep
from fsrbench.metrics.extractors.base import extract
from fsrbench.pictures.decode import to_tensor
from fsrbench.runs.data import RunData
from fsrbench.runs.descriptors import FILE

pytestmark = pytest.mark.heavy  # a run, three times

IDS = ["ann/1", "ann/2", "bob/1", "bob/2", "cy/1"]


def by_hand(path: Path, row: str, image: str) -> np.ndarray:
    """The descriptor of a kept picture, of LR enlarged as the run enlarges it."""
    picture = Image.open(path / "images" / row / f"{image}.png").resize((64, 64), Image.Resampling.BICUBIC)
    found: np.ndarray = extract(Colours(), to_tensor(np.array(picture)[None]), {})["descriptor"][0]
    return found


def test_descriptors_of_kept_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_colours(monkeypatch, "dlib")
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 2)
    monkeypatch.setattr(keep, "MOST_KEPT", 3)
    data = write_files(tmp_path / "data", picture_files(f"HR/{image}.png" for image in IDS))
    flags = ["--descriptor", "dlib"]
    assert run(data, tmp_path / "out", "--metrics", "identity_lr", *flags, methods="bicubic,nearest").code == 0
    found = RunData.load(tmp_path / "out").descriptors
    assert found is not None
    assert found.images == tuple(IDS[:3])
    assert set(found.rows) == {"lr", "bicubic", "nearest"}
    for row, numbers in found.rows.items():
        expected = [by_hand(tmp_path / "out", row, image) for image in IDS[:3]]
        np.testing.assert_allclose(numbers, expected, rtol=2e-3, atol=1e-3)
    run(data, tmp_path / "out", "--metrics", "identity_lr", *flags, "--save-images")
    every = RunData.load(tmp_path / "out").descriptors
    assert every is not None
    assert every.images == tuple(IDS)
    np.testing.assert_array_equal(every.rows["bicubic"][:3], found.rows["bicubic"])
    run(data, tmp_path / "out", "--metrics", "identity", *flags)
    assert RunData.load(tmp_path / "out").descriptors is None
    assert not (tmp_path / "out" / FILE).exists()
