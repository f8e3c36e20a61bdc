"""Runs at 512 px from end to end: restoration and true SR, networks from files, and each number computed again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest
import safetensors.torch
import scipy.io
import torch
from made import Finished, call, run
from made.networks import save_enlarging_onnx, save_pooling_onnx
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from fsrbench import weights
from fsrbench.datasets import open_dataset
from fsrbench.faces.mtcnn import mtcnn
from fsrbench.methods.fitting import Fit
from fsrbench.methods.spandrel_models import read_with_spandrel
from fsrbench.pictures.decode import decode
from fsrbench.tasks import find_task

pytestmark = pytest.mark.heavy
SIDE = 512
METRICS = ("psnr", "ssim", "niqe", "identity", "lmd", "lmd_dlib")
COUNT = 2
TEMPLATE = [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
"""InsightFace's five points in a face of 112 px."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Faces of the sample at 512 px, a method's pictures of them, networks of random weights, parameters of NIQE."""
    folder = tmp_path_factory.mktemp("large")
    for side in ("HR", "SR"):
        (folder / "data" / side).mkdir(parents=True)
    for i, sample in enumerate(open_dataset("sample").samples[:COUNT]):
        assert sample.hr is not None
        hr = np.asarray(decode(sample.hr.read()).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
        hr = np.clip(hr + np.random.RandomState(i).normal(0, 4, hr.shape), 0, 255).round().astype(np.uint8)
        Image.fromarray(hr).save(folder / "data" / "HR" / f"{i}.png")
        Image.fromarray(cv2.GaussianBlur(hr, (0, 0), 2 + i)).save(folder / "data" / "SR" / f"{i}.png")
    save_enlarging_onnx(folder / "same.onnx", scale=1)
    save_enlarging_onnx(folder / "four.onnx", scale=4)
    save_pooling_onnx(folder / "judge.onnx")
    root = np.random.RandomState(0).normal(size=(36, 36))
    np.savez(folder / "niqe.npz", mu_pris_param=np.full((1, 36), 0.5), cov_pris_param=root @ root.T + np.eye(36))
    for scale in (1, 2):
        torch.save(small_plksr(scale), folder / f"plksr_x{scale}.pth")
    return folder


def small_restoreformer() -> dict[str, torch.Tensor]:
    """RestoreFormer (Wang et al., CVPR 2022) with 0.8 instead of 72 million parameters, of random weights."""
    name = "spandrel.architectures.RestoreFormer.__arch.restoreformer_arch"
    arch = pytest.importorskip(name, reason="the extra [checkpoint] is not installed")
    torch.manual_seed(0)
    tensors: dict[str, torch.Tensor] = arch.RestoreFormer(
        ch=32, n_embed=8, ch_mult=(1, 1, 1, 1, 1, 1), num_res_blocks=1
    ).state_dict()
    return tensors


def small_plksr(scale: int) -> dict[str, torch.Tensor]:
    """PLKSR (Lee et al., 2024) of random weights."""
    arch = pytest.importorskip("spandrel.architectures.PLKSR", reason="the extra [checkpoint] is not installed")
    torch.manual_seed(0)
    network = arch.PLKSR(dim=8, n_blocks=2, kernel_size=5, upscaling_factor=scale, use_ea=False)
    tensors: dict[str, torch.Tensor] = network.state_dict()
    return tensors


@pytest.fixture(scope="module")
def restored(place: Path) -> Finished:
    """Restoration: every kind of method, and every metric that is computed again below."""
    files = f"images:{place}/data/SR,onnx:{place}/same.onnx,checkpoint:{place}/plksr_x1.pth"
    options = ["--task", "512x1", "--degradation", "codeformer-large", "--weights", f"niqe={place}/niqe.npz"]
    metrics = ["--metrics", ",".join(METRICS), "--save-images"]
    return run(place / "data", place / "restored", *options, *metrics, methods=f"bicubic,{files}")


@pytest.fixture(scope="module")
def pairs(place: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """SR and HR as OpenCV reads them, RGB."""
    read = [[cv2.imread(str(place / "data" / side / f"{i}.png"))[..., ::-1] for side in ("SR", "HR")] for i in (0, 1)]
    return [(sr, hr) for sr, hr in read]


def scored(finished: Finished, place: Path, metric: str) -> np.ndarray:
    rows = finished.scores[finished.scores["method"] == f"images:{place}/data/SR"]
    values: np.ndarray = rows[rows["metric"] == metric].sort_values("image")["value"].to_numpy()
    assert len(values) == COUNT
    return values


def test_every_kind_of_method_restores_at_512_px(restored: Finished, place: Path) -> None:
    assert restored.code == 0, restored.stderr
    assert restored.manifest["task"] == "512x1"
    for name in restored.manifest["methods"]:
        assert {restored.status(name, metric) for metric in METRICS} == {"ok"}
    psnr = restored.summary.set_index(["method", "metric"])["value"]
    # A network that changes nothing, and enlargement to the same size, give back the input
    assert psnr[f"onnx:{place}/same.onnx", "psnr"] == psnr["bicubic", "psnr"] == psnr["lr", "psnr"]
    saved = [Image.open(file).size for file in (restored.path / "images").rglob("*.png")]
    assert set(saved) == {(SIDE, SIDE)}


def test_psnr_and_ssim_are_those_of_scikit_image(restored: Finished, place: Path, pairs: Any) -> None:
    psnr = [peak_signal_noise_ratio(hr, sr) for sr, hr in pairs]
    np.testing.assert_allclose(scored(restored, place, "psnr"), psnr, rtol=1e-6)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    ssim = [structural_similarity(sr, hr, data_range=255, **options) for sr, hr in pairs]
    np.testing.assert_allclose(scored(restored, place, "ssim"), ssim, rtol=1e-6)


def test_niqe_is_that_of_pyiqa_on_the_saved_picture(restored: Finished, place: Path, pairs: Any) -> None:
    from pyiqa.archs.niqe_arch import NIQE

    with np.load(place / "niqe.npz") as file:
        scipy.io.savemat(
            place / "niqe.mat", {"mu_prisparam": file["mu_pris_param"], "cov_prisparam": file["cov_pris_param"]}
        )
    reference = NIQE(pretrained_model_path=str(place / "niqe.mat"))
    pictures = torch.from_numpy(np.stack([sr for sr, _ in pairs])).permute(0, 3, 1, 2).float() / 255
    np.testing.assert_allclose(scored(restored, place, "niqe"), reference(pictures).flatten().numpy(), rtol=1e-3)


@pytest.fixture(scope="module")
def shapes(pairs: Any) -> list[tuple[Any, Any]]:
    """dlib's 68 points of SR and HR in the box that MTCNN finds in HR: 1.1 widths wide, 5 % lower."""
    predictor = dlib.shape_predictor(str(weights.find("dlib-landmarks")))
    detector, found = mtcnn(min_face=SIDE // 8), []
    for sr, hr in pairs:
        x0, y0, x1, y1 = detector.detect(np.ascontiguousarray(hr))[0][0]
        length = 1.1 * (x1 - x0)
        left, top = (x0 + x1 - length) / 2, (y0 + y1 - length) / 2 + 0.05 * length
        box = dlib.rectangle(*(round(v) for v in (left, top, left + length, top + length)))
        found.append(tuple(predictor(np.ascontiguousarray(picture), box) for picture in (sr, hr)))
    return found


def points(shape: Any) -> np.ndarray:
    return np.array([(p.x, p.y) for p in shape.parts()], np.float64)


def test_landmark_distance_is_the_mean_of_dlibs_in_pixels(restored: Finished, place: Path, shapes: Any) -> None:
    pixels = [np.hypot(*(points(sr) - points(hr)).T).mean() for sr, hr in shapes]
    np.testing.assert_allclose(scored(restored, place, "lmd_dlib"), pixels, rtol=1e-9)


def fan_points(network: Any, picture: np.ndarray) -> np.ndarray:
    """The FAN's points in pixels of the picture: reduced by Pillow, its heatmaps' means by sums."""
    small = [Image.fromarray(picture[..., c].astype(np.float32) / 255).resize((64, 64), 3) for c in range(3)]
    with torch.inference_mode():
        logits = network(torch.from_numpy(np.stack([np.asarray(channel) for channel in small]))[None])[0].double()
    found = []
    for heat in np.exp(logits.numpy()):
        rows, columns = np.indices(heat.shape) + 0.5
        found.append([(heat * axis).sum() / heat.sum() / len(heat) * SIDE - 0.5 for axis in (columns, rows)])
    return np.array(found)


def test_landmark_distance_by_the_fan_is_that_of_its_heatmaps(restored: Finished, place: Path, pairs: Any) -> None:
    from reference_model.fan import FAN

    network = FAN().eval()
    network.load_state_dict(safetensors.torch.load_file(weights.find("fan")))
    points_of = [[fan_points(network, np.ascontiguousarray(picture)) for picture in pair] for pair in pairs]
    expected = [np.hypot(*(sr - hr).T).mean() for sr, hr in points_of]
    assert min(expected) > 0.1
    np.testing.assert_allclose(scored(restored, place, "lmd"), expected, rtol=1e-3)


def test_identity_is_the_cosine_of_dlibs_descriptors(restored: Finished, place: Path, pairs: Any, shapes: Any) -> None:
    network = dlib.face_recognition_model_v1(str(weights.find("dlib-descriptor")))
    cosines = []
    for pair, (_, shape) in zip(pairs, shapes, strict=True):
        chips = [dlib.get_face_chip(np.ascontiguousarray(x), shape, size=150, padding=0.25) for x in pair]
        a, b = (np.array(network.compute_face_descriptor(chip)) for chip in chips)
        cosines.append(a @ b / np.sqrt(a @ a * (b @ b)))
    np.testing.assert_allclose(scored(restored, place, "identity"), cosines, rtol=1e-6)


@pytest.fixture(scope="module")
def enlarged(place: Path) -> Finished:
    """True SR from 128 px, identity by a network in an ONNX file."""
    files = f"images:{place}/data/SR,onnx:{place}/four.onnx,checkpoint:{place}/plksr_x2.pth"
    options = ["--task", "128x4", "--degradation", "gfpgan", "--metrics", "psnr,identity", "--save-images"]
    judge = ["--descriptor", "arcface", "--weights", f"arcface={place}/judge.onnx"]
    methods = f"nearest,bilinear,bicubic,lanczos,{files}"
    return run(place / "data", place / "enlarged", *options, *judge, methods=methods)


def test_every_kind_of_method_enlarges_to_512_px(enlarged: Finished, place: Path) -> None:
    assert enlarged.code == 0, enlarged.stderr
    assert {enlarged.status(name, "identity") for name in enlarged.manifest["methods"]} == {"ok"}
    psnr = enlarged.summary.set_index(["method", "metric"])["value"]
    # The ONNX file repeats pixels
    assert psnr[f"onnx:{place}/four.onnx", "psnr"] == psnr["nearest", "psnr"]
    assert {Image.open(file).size for file in (enlarged.path / "images" / "lr").glob("*.png")} == {(128, 128)}
    note = enlarged.manifest["methods"][f"checkpoint:{place}/plksr_x2.pth"]["description"]
    assert "128 to 256 px before" in note


def test_a_face_restorer_gets_pictures_of_the_side_it_was_trained_at() -> None:
    """Without a run, which would ask it a dozen times: its network takes a second for each picture."""
    restorer = read_with_spandrel(small_restoreformer())
    assert restorer is not None
    assert (restorer.scale, restorer.side) == (1, SIDE)
    fit = Fit.of(find_task("128x4"), restorer.scale, restorer.side, restorer.minimum)
    assert "128 to 512 px before" in str(fit)
    given = fit.before(torch.rand(1, 3, 128, 128))
    with torch.inference_mode():
        sr = restorer.restore(given)
    assert given.shape == fit.after(sr).shape == sr.shape == (1, 3, SIDE, SIDE)
    assert sr.isfinite().all()


def test_identity_is_the_cosine_of_onnxruntimes_descriptors(
    enlarged: Finished, place: Path, pairs: Any, shapes: Any
) -> None:
    """Aligned by OpenCV's least squares and warp, which interpolate in another way: hence three digits."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = onnxruntime.InferenceSession(str(place / "judge.onnx"), providers=["CPUExecutionProvider"])
    cosines = []
    for pair, (_, shape) in zip(pairs, shapes, strict=True):
        marks = points(shape)
        five = np.array([marks[36:42].mean(0), marks[42:48].mean(0), marks[30], marks[48], marks[54]], np.float32)
        matrix, _ = cv2.estimateAffinePartial2D(five, np.array(TEMPLATE, np.float32), method=cv2.LMEDS)
        vectors = []
        for picture in pair:
            chip = cv2.warpAffine(cv2.GaussianBlur(picture, (0, 0), 1), matrix, (112, 112), flags=cv2.INTER_AREA)
            scaled = (chip.astype(np.float32) - 127.5) / 127.5
            both = [np.ascontiguousarray(x.transpose(2, 0, 1)[None]) for x in (scaled, scaled[:, ::-1])]
            vectors.append(sum(session.run(None, {"x": x})[0][0].astype(np.float64) for x in both))
        a, b = vectors
        cosines.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    np.testing.assert_allclose(scored(enlarged, place, "identity"), cosines, atol=1e-3)


def test_outputs_of_methods_on_different_images_are_not_compared(tmp_path: Path) -> None:
    """Native outputs as authors publish them: each method's of its own inputs, beside them."""
    picture = Image.effect_noise((64, 64), 60).convert("RGB")
    for path in ("LR/a", "LR/b", "SR/one/a", "SR/two/b"):
        file = tmp_path / "native" / f"{path}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.save(file)
    methods = ",".join(f"images:{tmp_path}/native/SR/{name}" for name in ("one", "two"))
    found = run(
        tmp_path / "native", tmp_path / "out", "--task", "auto", "--metrics", "psnr,ssim,niqe_face", methods=methods
    )
    assert found.code == 1  # each lacks a picture
    assert found.manifest["task"] == "64x1"
    assert "psnr, ssim are invalid: needs HR images" in found.stderr
    assert "left out" not in found.stderr
    table = (tmp_path / "out" / "table.md").read_text()
    assert "No image has a score of every method" in table or "no image has a score of every method" in table
    compared = call("compare", tmp_path / "out").stdout
    assert "0 of 2 images in common" in compared
    assert "+0.000" not in compared


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sizes")
    sides = {"hr": 512, "sr": 256, "odd/HR": 500, "odd/LR": 128, "mixed": 512}
    for name, side in sides.items():
        (folder / name).mkdir(parents=True)
        for i in range(2):
            Image.new("RGB", (side, side), (90 * i, 60, 30)).save(folder / name / f"{i}.png")
    Image.new("RGB", (256, 256)).save(folder / "mixed" / "small.png")
    return folder


@pytest.mark.parametrize(
    ("data", "task", "methods", "code", "reason"),
    [
        ("hr", "512x1", "images:sr", 1, "failed on 2 images; 0: is 256 x 256 px, not 512 x 512"),
        ("hr", "auto", "images:sr", 2, "the pictures of sr have 256 px, HR or other SR 512 px"),
        ("odd", "auto", "bicubic", 2, "HR has 500 px, not a multiple of LR's 128 px; give --task LRxSCALE"),
        ("odd", "128x4", "bicubic", 2, "0: HR is 500 px, task 128x4 needs at least 512"),
        ("mixed", "auto", "bicubic", 2, "HR has several sizes: 2 of 512 px, 1 of 256 px; give --task LRxSCALE"),
    ],
)
def test_sizes_that_do_not_fit_have_one_line(
    sizes: Path, tmp_path: Path, data: str, task: str, methods: str, code: int, reason: str
) -> None:
    methods = methods.replace("images:", f"images:{sizes}/")
    options = ["--degradation", "codeformer-large", "--metrics", "psnr"]
    found = run(sizes / data, tmp_path / "out", "--task", task, *options, methods=methods)
    assert found.code == code
    lines = [line for line in found.stderr.splitlines() if not line.startswith(("scoring: ", "run folder: ", "grid: "))]
    assert len(lines) == 1
    assert reason in lines[0]
