"""The sample is a test worth the name: detected, verified, interpolated and as detailed as real faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from made.checked import degraded, honest
from made.sample_descriptors import PEOPLE, Describer, kept_descriptors, verify_sample
from PIL import Image
from scipy import ndimage
from torch import Tensor

from fsrbench.datasets import open_dataset
from fsrbench.metrics.detection import is_hit
from fsrbench.metrics.extractors.base import Features
from fsrbench.metrics.extractors.detectors import Mtcnn
from fsrbench.pictures.decode import decode, to_tensor
from tools.sample.__main__ import MODEL
from tools.sample.draw import draw_faces
from tools.sample.model import load

pytestmark = pytest.mark.heavy

# Measured once on 300 held-out photographs of faces in the same framing.
REAL_BICUBIC_PSNR = 22.65
ALL = 64 * 3
REAL_LAPLACIAN_ENERGY = {64: 1601.0, 128: 541.0}


@dataclass
class Seen:
    """What detector and verification say of the sample."""

    verified: pd.Series
    """Accuracy by method."""
    faces: np.ndarray
    """Whether MTCNN finds the face of each HR picture, which the verification needs; asking for it in SR takes long."""
    describer: Describer


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    extract, found = Mtcnn.extract, []

    def noted(self: Mtcnn, images: Tensor, guide: Features) -> Features:
        found.append(extract(self, images, guide))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch, kept_descriptors() as describer:
        patch.setattr(Mtcnn, "extract", noted)
        verified = verify_sample(tmp_path_factory.mktemp("run") / "sample")
        Mtcnn().extract(to_tensor(degraded("x4", "bicubic", ALL).hr[3 * PEOPLE :]), {})
    faces = np.concatenate([is_hit(boxes, boxes) for boxes in found])
    return Seen(verified, faces, describer)


def test_kept_descriptors_are_dlibs_own(seen: Seen) -> None:
    """What a change of the sample has made unknown was computed."""
    pictures, computed = seen.describer.pictures, seen.describer.computed
    assert len(pictures) + computed == 2 * 3 * PEOPLE
    for picture in pictures[:: len(pictures) // 6 + 1]:
        own = np.array(seen.describer.network.compute_face_descriptor(picture))
        np.testing.assert_allclose(seen.describer.compute_face_descriptor(picture), own, atol=1e-5)


def test_faces_are_found(seen: Seen) -> None:
    assert len(seen.faces) == ALL
    assert seen.faces.mean() >= 0.98


def test_identities_are_told_apart_in_hr_and_less_so_in_bicubic(seen: Seen) -> None:
    assert seen.verified["hr"] >= 0.90
    assert seen.verified["bicubic"] < seen.verified["hr"] - 0.05


def test_interpolation_does_as_well_as_on_real_faces() -> None:
    pictures = honest("x4", "bicubic", images=ALL)
    assert pictures.hr is not None
    errors = np.square(pictures.sr.astype(float) - pictures.hr).mean(axis=(1, 2, 3))
    assert len(errors) == ALL
    assert abs(np.mean(10 * np.log10(255**2 / errors)) - REAL_BICUBIC_PSNR) <= 1.5


@pytest.mark.parametrize("side", [64, 128])
def test_there_is_as_much_detail_as_in_real_faces(side: int) -> None:
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=float)
    energies = []
    for sample in open_dataset("sample"):
        assert sample.hr is not None
        grey = decode(sample.hr.read()).resize((side, side), Image.Resampling.LANCZOS).convert("L")
        energies.append(np.square(ndimage.convolve(np.asarray(grey, float), kernel)[1:-1, 1:-1]).mean())
    assert 1 / 1.5 <= np.mean(energies) / REAL_LAPLACIAN_ENERGY[side] <= 1.5


def test_the_committed_script_draws_the_same_pictures() -> None:
    faces, landmarks = draw_faces(load(MODEL), people=64, pictures=3, seed=1)
    samples = list(open_dataset("sample"))
    for sample, face, points in zip(samples, faces.reshape(-1, 128, 128, 3), landmarks.reshape(-1, 68, 2), strict=True):
        assert sample.hr is not None
        shipped = np.asarray(decode(sample.hr.read()))
        # Another processor may round a few pixels the other way.
        assert np.abs(shipped.astype(int) - face).mean() < 0.05, sample.id
        assert sample.landmarks is not None
        assert np.abs(sample.landmarks - points).max() < 0.02
