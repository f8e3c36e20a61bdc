"""In torchmetrics' form every metric of pictures gives exactly a run's value, however images are batched."""

from __future__ import annotations

import copy
import json
import math
import multiprocessing
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import set_metrics
from made.packages import skip_file_without
from made.sample_descriptors import kept_descriptors
from made.set_metrics import BlockFid, BlockVerification, block_extractor, halves, measured

import fsrbench
from fsrbench import Dataset, RunData
from fsrbench.datasets import open_dataset
from fsrbench.errors import UserError
from fsrbench.metrics import BUILTIN, METRICS
from fsrbench.metrics.base import SpeedMetric
from fsrbench.pictures.decode import decode
from fsrbench.runs.pictures import PictureFolder

skip_file_without("torchmetrics")
pytestmark = pytest.mark.heavy
OF_PICTURES = [name for name in BUILTIN if not issubclass(METRICS.get(name), SpeedMetric)]
OF_METHODS = [name for name in BUILTIN if issubclass(METRICS.get(name), SpeedMetric)]
CHEAP = ("psnr", "psnr_y", "ssim", "ms_ssim", "niqe_face", "grid_artefacts", "consistency", "colour_drift")
ON_FACES = ("detection", "landmark_nme_dlib", "verification", "identity", "identification", "identification_open")
"""What the project itself always can, by MTCNN and dlib."""


class FewerFid(METRICS.get("fid_face")):  # type: ignore[misc]
    """FID of face descriptors, of as few images as there are here."""

    name, least = "fid_few", 20


@pytest.fixture(scope="module", autouse=True)
def _extractors() -> Iterator[None]:
    """The blocks' extractor, and dlib's without its network: what it says of the sample's faces is kept."""
    with block_extractor(), kept_descriptors():
        yield


def made_run(out: Path, chosen: Callable[[int], bool], count: int, metrics: Sequence[Any]) -> RunData:
    """A run on some of the sample's pictures, of which three each are of one person."""
    samples = [sample for place, sample in enumerate(open_dataset("sample").samples) if chosen(place)][:count]
    with pytest.MonkeyPatch.context() as patch:
        for drawing in ("reports.plots.draw.write_plots", "gallery.keep.write_grid"):
            patch.setattr(f"fsrbench.{drawing}", lambda *_, **__: None)
        data = Dataset("chosen", tuple(samples))
        return fsrbench.evaluate(
            ["bicubic"], data, metrics, out=out, save_images=True, offline=True, progress=False, device="cpu"
        )


def pictures_of(run: RunData) -> dict[str, np.ndarray]:
    """A run's own pictures, uint8 N,3,H,W, and who is on them."""
    folder = PictureFolder(run.path / "images")
    ids = list(run.images["image"])
    read = {
        side: np.stack([np.asarray(decode(folder.file(row, image).read_bytes())) for image in ids])
        for side, row in {"sr": "bicubic", "hr": "hr", "lr": "lr"}.items()
    }
    read = {side: pixels.transpose(0, 3, 1, 2) for side, pixels in read.items()}
    return read | {"ids": np.array(ids), "who": np.array([run.identities[image] for image in ids])}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """Two pictures of each of twenty people, by metrics that take no time."""
    metrics = [*set_metrics.METRICS, "ms_ssim", BlockFid, BlockVerification]
    return made_run(tmp_path_factory.mktemp("pairs") / "run", lambda place: place % 3 < 2, 40, metrics)


@pytest.fixture(scope="module")
def pictures(run: RunData) -> dict[str, np.ndarray]:
    return pictures_of(run)


@pytest.fixture(scope="module")
def all_metrics(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """Every metric on one picture of each of twenty people, and on a second one of four of them."""
    out = tmp_path_factory.mktemp("all") / "run"
    return made_run(out, lambda place: place % 3 == 0 or place in (1, 4, 7, 10), 24, [*OF_PICTURES, FewerFid])


def tensors(pictures: dict[str, np.ndarray], rows: list[int]) -> dict[str, Any]:
    """A batch as :meth:`update` takes it."""
    batch: dict[str, Any] = {side: torch.from_numpy(pictures[side][rows]) for side in ("sr", "hr", "lr")}
    return batch | {"ids": pictures["ids"][rows].tolist(), "identities": pictures["who"][rows].tolist()}


def value(run: RunData, metric: str) -> float:
    result = run.result("bicubic", metric)
    assert result is not None
    return result.value


def test_every_metric_has_the_runs_value(all_metrics: RunData) -> None:
    run, pictures = all_metrics, pictures_of(all_metrics)
    known = {name: result for name in run.metrics if (result := run.result("bicubic", name))}
    names = [name for name, result in known.items() if result.status == "ok" and name in BUILTIN]
    assert {*CHEAP, *ON_FACES} <= set(names)
    metrics = {name: fsrbench.as_torchmetric(name, degradation="bicubic") for name in names}
    metrics["fid_few"] = fsrbench.as_torchmetric(FewerFid())
    order = np.random.default_rng(1).permutation(24).tolist()
    for start in range(0, 24, 8):
        batch = tensors(pictures, order[start : start + 8])
        for metric in metrics.values():
            metric.update(**batch)
    assert {name: float(metric.compute()) for name, metric in metrics.items()} == pytest.approx(
        {name: known[name].value for name in metrics}, abs=1e-6
    )
    directions = {"higher": True, "lower": False, "none": None}
    for name, metric in metrics.items():
        assert metric.higher_is_better is directions[run.metric(name).direction]
        if name in names:
            assert metric.protocol == run.manifest["protocols"][name]


def test_what_a_run_calls_invalid_is_nan_and_says_why(run: RunData, pictures: dict[str, np.ndarray]) -> None:
    metric = fsrbench.as_torchmetric("kid_face")
    batch = tensors(pictures, list(range(6)))
    metric.update(**batch)
    with pytest.warns(UserWarning, match="kid_face: needs at least 50 images on both sides, not 6"):
        assert math.isnan(metric.compute())
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a reason is given once
        metric.update(**batch)
        assert math.isnan(metric.compute())


def test_two_processes_have_the_runs_values(run: RunData, pictures: dict[str, np.ndarray], tmp_path: Path) -> None:
    np.savez(tmp_path / "pictures.npz", **pictures)
    # A fork has torch; torch's threads, of which there is one here, need not survive it
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    processes = [context.Process(target=set_metrics.measure_part, args=(rank, 2, tmp_path)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600)
    assert [process.exitcode for process in processes] == [0, 0]
    for rank in range(2):
        found = json.loads((tmp_path / f"values{rank}.json").read_text())
        assert found == pytest.approx({name: value(run, name) for name in found}, abs=1e-6)
    assert measured(halves(40), pictures) == pytest.approx(found, abs=1e-9)


def test_floats_are_rounded_as_a_run_rounds(run: RunData, pictures: dict[str, np.ndarray]) -> None:
    batch = tensors(pictures, list(range(40)))
    batch["sr"] = batch["sr"] / 255 + (torch.rand(batch["sr"].shape) - 0.5) * 0.9 / 255
    batch["hr"] = batch["hr"] / 255
    metric = fsrbench.as_torchmetric("ssim")
    metric.update(batch["sr"], batch["hr"])
    assert float(metric.compute()) == pytest.approx(value(run, "ssim"), abs=1e-6)


@pytest.mark.parametrize("name", ["psnr", "fid_blocks"])
def test_forward_reset_pickle_clone_and_state_dict(name: str, run: RunData, pictures: dict[str, np.ndarray]) -> None:
    def made() -> Any:
        return fsrbench.as_torchmetric(BlockFid() if name == "fid_blocks" else name)

    first, second = tensors(pictures, list(range(20))), tensors(pictures, list(range(20, 40)))
    metric, alone = made(), made()
    alone.update(**first)
    assert metric(**first) == alone.compute()  # forward gives the batch's own value
    copies = {"pickle": pickle.loads(pickle.dumps(metric)), "clone": metric.clone(), "copy": copy.deepcopy(metric)}
    metric.persistent(True)
    copies["state_dict"] = made()
    copies["state_dict"].load_state_dict(metric.state_dict())
    for each in (metric, *copies.values()):
        each(**second)
        assert float(each.compute()) == pytest.approx(value(run, name), abs=1e-6)
    assert made().state_dict() == {}
    metric.reset()
    metric.update(**first)
    assert metric.compute() == alone.compute()


def test_a_collection_takes_no_metric_for_another(run: RunData, pictures: dict[str, np.ndarray]) -> None:
    from torchmetrics import MetricCollection

    both = MetricCollection({name: fsrbench.as_torchmetric(name) for name in ("ssim", "ms_ssim", "psnr")})
    hr = torch.from_numpy(pictures["hr"])
    both.update(hr[:4], hr[:4])  # both are 1: by torchmetrics' groups they would share their states from here on
    both.update(torch.from_numpy(pictures["sr"][4:]), hr[4:])
    alone = fsrbench.as_torchmetric("ms_ssim")
    alone.update(hr[:4], hr[:4])
    alone.update(torch.from_numpy(pictures["sr"][4:]), hr[4:])
    found = both.compute()
    assert found["ms_ssim"] == alone.compute()
    assert found["ms_ssim"] != found["ssim"]
    assert math.isfinite(found["psnr"])  # infinite scores are left out, as in a run


def test_features_are_extracted_once_for_all_metrics(pictures: dict[str, np.ndarray], monkeypatch: Any) -> None:
    calls: list[int] = []
    extract = set_metrics.Blocks.extract
    monkeypatch.setattr(
        set_metrics.Blocks,
        "extract",
        lambda self, images, guide: calls.append(len(images)) or extract(self, images, guide),
    )
    for metric in (fsrbench.as_torchmetric(BlockFid()), fsrbench.as_torchmetric(BlockVerification())):
        metric.update(**tensors(pictures, list(range(3, 10))))
    assert calls == [7, 7]  # SR and HR


def test_training_continues_as_if_nothing_had_been_measured(pictures: dict[str, np.ndarray]) -> None:
    metric = fsrbench.as_torchmetric("consistency", degradation="noise:5")
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    metric.update(**tensors(pictures, [0, 1]))
    metric.compute()
    assert torch.equal(torch.rand(4), expected)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("name", OF_METHODS)
def test_metrics_of_methods_are_refused(name: str) -> None:
    with pytest.raises(UserError, match=f"^{name} is measured on a method, not on pictures: use fsrbench.evaluate$"):
        fsrbench.as_torchmetric(name)


HR = torch.zeros(2, 3, 64, 64)


@pytest.mark.parametrize(
    ("name", "batch", "reason"),
    [
        ("psnr", {"sr": HR}, "psnr: needs HR images"),
        ("psnr", {"sr": HR[0], "hr": HR}, "sr must be N,3,H,W, not 3,64,64"),
        ("psnr", {"sr": HR[:, :1], "hr": HR}, "sr must be N,3,H,W, not 2,1,64,64"),
        ("psnr", {"sr": HR, "hr": HR[..., :32, :32]}, "sr is 2 of 64 x 64 px and hr is 2 of 32 x 32 px"),
        ("psnr", {"sr": HR * math.nan, "hr": HR}, "sr has numbers that are not finite"),
        ("psnr", {"sr": HR + 9, "hr": HR}, "sr has values from 9 to 9, expected [0, 1]; scale or clamp them"),
        ("psnr", {"sr": HR, "hr": HR - 1}, "hr has values from -1 to -1, expected [0, 1]; scale or clamp them"),
        ("psnr", {"sr": HR.long(), "hr": HR}, "sr must be floats in [0, 1] or uint8, not int64"),
        ("psnr", {"sr": HR, "hr": HR, "ids": ["a"]}, "ids: one for each of the 2 images, not 1"),
        ("psnr", {"sr": HR, "hr": HR, "ids": "ab"}, "ids: a list of strings or integers, one for each image"),
        ("psnr", {"sr": HR, "hr": HR, "ids": torch.tensor([0.5, 1])}, "ids: a list of strings or integers"),
        ("psnr", {"sr": HR.numpy(), "hr": HR}, "sr must be a tensor N,3,H,W, not ndarray"),
        ("psnr", {"sr": HR, "hr": HR, "ids": ["a", "b" * 600]}, "longer than 512 bytes together"),
        ("ssim", {"sr": HR[..., :8, :8], "hr": HR[..., :8, :8]}, "ssim: needs pictures of at least 11 px, not of 8 px"),
        ("consistency", {"sr": HR, "lr": HR[..., :16, :16]}, "consistency: how LR was made is not known"),
        ("identity_lr", {"sr": HR}, "identity_lr reads LR: update(sr, hr, lr)"),
    ],
)
def test_pictures_of_another_form_are_refused(name: str, batch: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError) as error:
        fsrbench.as_torchmetric(name).update(**batch)
    assert reason in str(error.value)


def test_names_may_be_numbers_of_a_data_loader() -> None:
    """It makes tensors of whole numbers; an image that comes twice counts once, whatever its number is."""
    rng = np.random.default_rng(0)
    sr = torch.from_numpy(rng.integers(0, 256, (3, 3, 16, 16), np.uint8))
    metric = fsrbench.as_torchmetric("psnr")
    metric.update(sr[:2], sr[:2] // 2, ids=torch.tensor([0, 1]), identities=np.array([7, 7]))
    metric.update(sr[[0, 2]], sr[[0, 2]] // 2, ids=torch.tensor([0, 2]), identities=[7, None])
    errors = [np.mean((each.numpy() - (each // 2).numpy().astype(float)) ** 2) for each in sr]
    assert float(metric.compute()) == pytest.approx(np.mean(10 * np.log10(255**2 / np.array(errors))), abs=1e-6)


def test_other_pictures_need_a_reset() -> None:
    metric = fsrbench.as_torchmetric("psnr")
    metric.update(HR, HR + 0.1)
    with pytest.raises(UserError, match="differ from the earlier ones in size or inputs; reset it first"):
        metric.update(HR[..., :32, :32], HR[..., :32, :32])
    metric.reset()
    metric.update(HR[..., :32, :32], HR[..., :32, :32] + 0.1)
    assert float(metric.compute()) == pytest.approx(20 * math.log10(255 / 26), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("psrn", {}, "unknown metric 'psrn'; did you mean psnr"),
        ("fid", {"reference": "sample"}, "reference sample: give a file of statistics"),
        ("verification_pairs", {}, "needs a list of pairs"),
        ("ntire-face-2025:score", {}, "ntire-face-2025:score is combined from .*: take those one by one"),
        ("preference", {}, "preference: no run measures what people prefer"),
    ],
)
def test_what_cannot_be_made_is_refused(name: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        fsrbench.as_torchmetric(name, **options)


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    with pytest.raises(UserError, match=r"torchmetrics .*pip install 'fsrbench\[torchmetrics\]'|cannot be imported"):
        fsrbench.as_torchmetric("psnr")
