"""Inputs of the networks in named files, against OpenCV, and files that do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from made.networks import save_pooling_onnx
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.faces.alignment import TEMPLATE
from fsrbench.metrics.extractors.descriptor_files import (
    AdafaceByFile,
    AdafaceDescriptor,
    RestoreformerDescriptor,
    VqfrDescriptor,
    opencv_grey,
)
from fsrbench.metrics.extractors.point_files import COLUMNS
from fsrbench.pictures.decode import to_tensor

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
POINTS = np.array([[203.8, 257.6], [307.5, 258.3], [270.8, 320.9], [210.3, 380.3], [295.8, 384.6]])


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """uint8 512,512,3, smooth and noisy in parts."""
    rng = np.random.RandomState(0)
    coarse = cv2.resize(rng.randint(0, 256, (8, 8, 3)).astype(np.uint8), (512, 512), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(coarse.astype(int) + rng.randint(-20, 21, coarse.shape), 0, 255)
    return np.where(np.arange(512)[:, None, None] < 256, coarse, noisy).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Networks that average blocks of 16 px, and a list of one image's points."""
    folder = tmp_path_factory.mktemp("files")
    for name in ("resnet18_110", "arcface_resnet18"):
        save_pooling_onnx(folder / f"{name}.onnx", side=128, batch=1, channels=1)
    save_pooling_onnx(folder / "adaface.onnx", batch=1)
    row = ",".join(f"{value}" for value in POINTS.ravel())
    (folder / "face_points.csv").write_text(f"filename,dataset,{','.join(COLUMNS)}\none,CelebA,{row}\n")
    return folder


@pytest.fixture
def files(folder) -> Iterator[Path]:
    with weights.override({path.stem: path for path in folder.iterdir()}):
        yield folder


def pooled(planes: np.ndarray) -> np.ndarray:
    """C,H,W averaged over blocks of 16 px."""
    channels, height, width = planes.shape
    blocks = planes.reshape(channels, height // 16, 16, width // 16, 16)
    return blocks.mean(axis=(2, 4)).ravel()


def test_grey_is_opencvs_to_the_bit(picture) -> None:
    expected = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(opencv_grey(to_tensor(picture[None]))[0, 0], expected)


def test_grey_read_from_a_file_differs_by_at_most_one_level(picture, tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture[..., ::-1])
    read = cv2.imread(str(tmp_path / "a.png"), 0).astype(int)
    assert np.abs(opencv_grey(to_tensor(picture[None]))[0, 0].numpy() - read).max() <= 1


@pytest.mark.parametrize("side", [512, 256])
def test_vqfrs_network_gets_opencvs_picture(files, picture, side) -> None:
    image = picture[:side, :side]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (128, 128), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    expected = (small - 127.5) / 127.5
    fed = VqfrDescriptor().prepare(to_tensor(image[None]), {})
    np.testing.assert_allclose(fed[0, 0], expected, atol=1e-6)
    extractor = VqfrDescriptor()
    extractor.check()
    found = extractor.extract(to_tensor(image[None]), {})["descriptor"]
    np.testing.assert_allclose(found[0], pooled(expected[None]), atol=1e-5)


def test_restoreformers_network_gets_blue_for_red_in_0_to_1(files, picture) -> None:
    bgr = torch.from_numpy(picture[..., ::-1].astype(np.float32) / 255).permute(2, 0, 1)[None]
    grey = (0.2989 * bgr[:, 0] + 0.5870 * bgr[:, 1] + 0.1140 * bgr[:, 2])[:, None]
    expected = grey[..., 1::4, 1::4] + grey[..., 1::4, 2::4] + grey[..., 2::4, 1::4] + grey[..., 2::4, 2::4]
    fed = RestoreformerDescriptor().prepare(to_tensor(picture[None]), {})
    np.testing.assert_allclose(fed, expected / 4, atol=1e-6)
    extractor = RestoreformerDescriptor()
    extractor.check()
    assert extractor.extract(to_tensor(picture[None]), {})["descriptor"].shape == (1, 64)


def warped(picture: np.ndarray) -> np.ndarray:
    """The chip by OpenCV: B, G, R in [-1, 1], 3,112,112."""
    source, target = POINTS, TEMPLATE.numpy().astype(np.float64)
    rows = [[x, -y, 1, 0] for x, y in target] + [[y, x, 0, 1] for x, y in target]
    a, b, tx, ty = np.linalg.lstsq(np.array(rows), source.T.ravel(), rcond=None)[0]
    matrix = np.array([[a, -b, tx], [b, a, ty]])  # from the chip to the picture
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    chip = cv2.warpAffine(picture, matrix, (112, 112), flags=flags)
    return ((chip[..., ::-1] / 255.0 - 0.5) / 0.5).transpose(2, 0, 1)


@pytest.mark.parametrize("kind", [AdafaceByFile, AdafaceDescriptor])
def test_adafaces_network_gets_opencvs_chip(files, picture, kind) -> None:
    extractor = kind()
    guide = {"ids": np.array(["CelebA/one"]), "landmarks": POINTS[None]}
    fed = extractor.prepare(to_tensor(picture[None]), guide)
    # OpenCV rounds positions to 1/32 px: off by a level or two, by more at edges of noise
    assert np.abs(fed[0].numpy() - warped(picture)).mean() < 1 / 127.5
    found = extractor.extract(to_tensor(picture[None]), guide)["descriptor"]
    np.testing.assert_allclose(found[0], pooled(warped(picture)), atol=0.01)


def test_outside_the_picture_it_is_black(files, picture) -> None:
    guide = {"landmarks": (POINTS - 200)[None]}
    fed: Tensor = AdafaceDescriptor().prepare(to_tensor(picture[None]), guide)
    assert (fed[0, :, 0, 0] == -1).all()


def test_networks_that_do_not_fit_are_refused(files, tmp_path) -> None:
    with weights.override({"resnet18_110": files / "adaface.onnx"}), pytest.raises(Unavailable, match="cannot be used"):
        VqfrDescriptor().check()
    with weights.override({"face_points": files / "adaface.onnx"}), pytest.raises(Unavailable, match="list of points"):
        AdafaceByFile().check()


@pytest.mark.parametrize(
    ("extractor", "said"),
    [
        (
            VqfrDescriptor,
            "resnet18_110.onnx not found; it is resnet18_110.pth of github.com/ronghuaiyang/arcface-pytorch",
        ),
        (RestoreformerDescriptor, "it is arcface_resnet18.pth of github.com/wzhouxiff/RestoreFormerPlusPlus as ONNX"),
        (AdafaceByFile, "it is adaface_ir50_ms1mv2.ckpt of github.com/mk-minchul/AdaFace as ONNX"),
    ],
)
def test_a_missing_file_is_reported_with_its_source(extractor, said) -> None:
    with pytest.raises(Unavailable, match=said) as error:
        extractor().check()
    assert f"--weights {extractor.weight_files[0]}=FILE" in str(error.value)
