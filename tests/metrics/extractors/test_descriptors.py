"""Neural face descriptors: an ArcFace-style network of a made ONNX file against NumPy, FaceNet on the face's box."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1
from made.networks import SIDE, save_pooling_onnx, save_summing_onnx
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.faces.alignment import TEMPLATE
from fsrbench.metrics.extractors.descriptors import ArcfaceDescriptor, FacenetDescriptor
from fsrbench.metrics.extractors.detectors import Mtcnn
from fsrbench.metrics.extractors.dlib_faces import DlibLandmarks

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


@pytest.fixture
def arcface(tmp_path: Path):
    """The descriptor with a made network."""
    with weights.override({"arcface": save_pooling_onnx(tmp_path / "made.onnx")}):
        yield ArcfaceDescriptor()


def landmarks_at(five: Tensor) -> np.ndarray:
    """68 landmarks whose eyes, nose and mouth corners are these five points."""
    all68 = np.zeros((68, 2))
    all68[36:42], all68[42:48], all68[30], all68[48], all68[54] = five.numpy()
    return all68[None]


def numpy_descriptor(picture: Tensor) -> np.ndarray:
    """Means of 16 px blocks of a 112 px picture in [-1, 1] and of its mirror image, added, of unit length."""

    def blocks(x: np.ndarray) -> np.ndarray:
        pooled: np.ndarray = x.reshape(3, 7, 16, 7, 16).mean(axis=(2, 4)).ravel()
        return pooled

    x = picture.double().numpy() * 2 - 1
    summed = blocks(x) + blocks(x[:, :, ::-1])
    return summed / np.linalg.norm(summed)


def pictures(count: int = 1, side: int = SIDE) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.manual_seed(0))


def test_arcface_of_an_aligned_face_is_numpys(arcface):
    picture = pictures()
    found = arcface.extract(picture, {"landmarks": landmarks_at(TEMPLATE)})["descriptor"]
    np.testing.assert_allclose(found[0], numpy_descriptor(picture[0]), atol=1e-5)


def test_arcface_undoes_shift_and_size(arcface):
    small = pictures(side=14)
    large = torch.nn.functional.interpolate(small, scale_factor=16, mode="bicubic").clamp(0, 1)  # 224 px
    middle = large[..., 56:168, 56:168]
    points = landmarks_at(TEMPLATE + 56)
    found = arcface.extract(large, {"landmarks": points})["descriptor"]
    np.testing.assert_allclose(found[0], numpy_descriptor(middle[0]), atol=1e-5)


def test_arcface_describes_a_batch_face_by_face(arcface):
    batch = pictures(3)
    guide = np.concatenate([landmarks_at(TEMPLATE + shift) for shift in range(3)])
    together = arcface.extract(batch, {"landmarks": guide})["descriptor"]
    singles = [
        arcface.extract(p[None], {"landmarks": g[None]})["descriptor"] for p, g in zip(batch, guide, strict=True)
    ]
    np.testing.assert_array_equal(together, np.concatenate(singles))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1)


def test_arcface_takes_a_file_of_one_face_at_a_time(tmp_path, arcface):
    guide = {"landmarks": np.repeat(landmarks_at(TEMPLATE), 2, axis=0)}
    with weights.override({"arcface": save_pooling_onnx(tmp_path / "one.onnx", batch=1)}):
        fixed = ArcfaceDescriptor()
        fixed.check()
        described = fixed.extract(pictures(2), guide)["descriptor"]
    np.testing.assert_array_equal(described, arcface.extract(pictures(2), guide)["descriptor"])


def test_a_file_that_is_not_an_arcface_network_is_unavailable(tmp_path):
    (tmp_path / "text.onnx").write_bytes(b"no network")
    other = save_pooling_onnx(tmp_path / "96.onnx", side=96)
    for file, reason in (
        (tmp_path / "text.onnx", "cannot be used"),
        (other, r"takes \['n', 3, 96, 96\], not N,3,112,112"),
    ):
        with weights.override({"arcface": file}), pytest.raises(Unavailable, match=reason) as caught:
            ArcfaceDescriptor().check()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("inputs", "said"), [((), "takes nothing"), (("a", "b"), r"takes a .*\] and b ")])
def test_a_network_that_takes_not_one_picture_is_unavailable(tmp_path, inputs, said):
    extractor = ArcfaceDescriptor()
    with weights.override({"arcface": save_summing_onnx(tmp_path / "sum.onnx", *inputs)}):
        for asked in (extractor.check, lambda: extractor.network_input):
            with pytest.raises(Unavailable, match=rf"sum\.onnx {said}.*, not one picture"):
                asked()


def test_arcface_needs_its_file_and_says_how_to_name_it(tmp_path, monkeypatch):
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match=r"arcface\.onnx not found; .*--weights arcface=FILE"):
        ArcfaceDescriptor().check()


def test_arcface_needs_onnxruntime(arcface, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Unavailable, match=r"onnxruntime is missing; `pip install 'fsrbench\[onnx\]'`"):
        arcface.check()


@pytest.mark.parametrize("needed", [DlibLandmarks, Mtcnn])
def test_arcface_needs_its_landmark_predictor_too(arcface, monkeypatch, needed):
    def refuse(extractor: object) -> None:
        raise Unavailable(f"no {needed.__name__}")

    arcface.check()
    monkeypatch.setattr(needed, "check", refuse)
    with pytest.raises(Unavailable, match=f"no {needed.__name__}"):
        arcface.check()


# --- FaceNet


def test_facenet_needs_its_weights(tmp_path, monkeypatch):
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match="weights fetch facenet"):
        FacenetDescriptor().check()


@pytest.mark.heavy
def test_facenet_embeds_the_box(tmp_path, monkeypatch, small, boxes):
    torch.manual_seed(0)
    network = InceptionResnetV1(classify=True, num_classes=8631)  # as in the published file, classifier and all
    torch.save(network.state_dict(), tmp_path / weights.known_files()["facenet"].file)
    monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
    extractor = FacenetDescriptor()
    extractor.check()
    guide = {"box": boxes["box"][:3].copy()}
    guide["box"][1] = np.nan  # no face found: the whole picture
    embedded = extractor.extract(small[:3], guide)["descriptor"]
    assert embedded.shape == (3, 512)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-5)
    outside = small[:1].clone()
    outside[..., :3, :3] = 0
    again = extractor.extract(outside, {"box": guide["box"][:1]})["descriptor"]
    np.testing.assert_allclose(again, embedded[:1], atol=1e-6)
    whole = extractor.extract(outside, {"box": np.full((1, 4), np.nan)})["descriptor"]
    assert np.abs(whole - embedded[:1]).max() > 1e-5
