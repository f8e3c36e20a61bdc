"""HR enlarged from something smaller is found; photographs are not."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from made.checked import Pictures, enlarged, honest, levels
from made.places import ROOT
from PIL import Image

from fsrbench.checks.enlarged import judge, measure

SHARED = ROOT.parent / "shared" / "data" / "512"


def found(pictures: list[np.ndarray]) -> list[str]:
    return [finding.text for finding in judge({"spectrum": measure(np.stack(pictures))})]


@pytest.mark.parametrize("task", ["x4", "x8"])
def test_the_sample_was_not_enlarged(task):
    hr = honest(task).hr
    assert hr is not None
    assert found(list(hr)) == []


@pytest.mark.parametrize("times", [2, 4, 8])
@pytest.mark.parametrize("kernel", [Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
def test_enlarged_hr(times, kernel):
    hr = honest("x8").hr
    assert hr is not None
    (text,) = found(
        [enlarged(enlarged(picture, 128 // times, Image.Resampling.LANCZOS), 128, kernel) for picture in hr]
    )
    assert f"enlarged about {times} times" in text


def test_flat_pictures_tell_nothing():
    assert found([np.full((64, 64, 3), 90, np.uint8)] * 8) == []


@pytest.mark.skipif(not SHARED.exists(), reason="needs real faces beside the checkout")
def test_real_faces_and_what_is_made_of_them():
    with zipfile.ZipFile(SHARED / "faces_hr512.zip") as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))[::8]
        faces = [np.asarray(Image.open(io.BytesIO(file.read(name))).convert("RGB")) for name in names]
    assert found(faces) == []
    assert len(found([enlarged(enlarged(face, 256), 512) for face in faces])) == 1


@pytest.mark.parametrize("kernel", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
def test_restored_pictures_made_at_half_the_side(kernel):
    """HR with grain for SR that is rich in detail, and with noise for LR."""
    hr = honest("x8").hr
    assert hr is not None
    rich, lr = (levels(hr + np.random.default_rng(seed).normal(0, 8, hr.shape)) for seed in (0, 1))
    honest_sr = Pictures(rich, lr, None)
    faulty = honest_sr.changed(lambda picture: enlarged(enlarged(picture, 64, Image.Resampling.LANCZOS), 128, kernel))
    assert "sr_enlarged" not in honest_sr.found()
    assert "was it made at 64 px and enlarged, or blurred?" in faulty.found()["sr_enlarged"].text
