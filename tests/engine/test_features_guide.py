"""What extractors read: whose landmarks align a face, and that features follow the content of weight files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from made import Finished, picture_files, run, write_files
from made.extractors import Colours
from PIL import Image
from torch import Tensor

from fsrbench import weights
from fsrbench.engine.plan import Unit
from fsrbench.engine.prepare import prepare
from fsrbench.engine.worker import Worker
from fsrbench.machine.console import Reporter
from fsrbench.methods.base import Method
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS, Extractor, Features
from fsrbench.runs.names import HR, LR
from fsrbench.spec import RunSpec

pytestmark = pytest.mark.heavy  # whole runs


class Boxes(Colours):
    """First of a chain: sees the mean of the picture."""

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        return {"box": images.double().mean(dim=(1, 2, 3)).numpy()}


class Points(Colours):
    """Second of a chain: repeats the box it read, and says what it saw itself."""

    requires: ClassVar[tuple[str, ...]] = ("mtcnn",)

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        return {"landmarks": images.double().mean(dim=(1, 2, 3)).numpy(), "read box": guide["box"]}


class Descriptor(Colours):
    """Last of a chain: repeats what aligned it."""

    requires: ClassVar[tuple[str, ...]] = ("dlib-landmarks",)
    weight_files: ClassVar[tuple[str, ...]] = ("arcface",)
    aligns = True

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        brand = np.full((len(images), 1), float(weights.find("arcface").read_text()))
        return {"descriptor": brand, "read": guide["landmarks"], "read box": guide["read box"]}


@pytest.fixture(autouse=True)
def _chain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, made in (("mtcnn", "Boxes"), ("dlib-landmarks", "Points"), ("arcface", "Descriptor")):
        monkeypatch.setitem(EXTRACTORS._targets, name, f"{__name__}:{made}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "arcface.onnx").write_text("1")
    return tmp_path / "arcface.onnx"


def worker_for(tmp_path: Path, file: Path, alignment: str) -> tuple[Worker, Unit, Unit]:
    """A worker on pictures whose SR is darker than their HR, and its units."""
    files = picture_files(f"HR/{i}.png" for i in range(3)) | picture_files((f"LR/{i}.png" for i in range(3)), side=16)
    data = write_files(tmp_path / "data", files)
    method = f"python:{__name__}:Darker"
    spec = RunSpec(
        methods={method: method},
        data=str(data),
        metrics=("verification_arcface",),
        alignment=alignment,
        out=tmp_path / "out",
    )
    found = prepare(spec, Reporter())
    (shard,) = found.shards
    return Worker(found.context), Unit(shard, method), Unit(shard, HR)


class Darker(Method):
    """Makes everything half as bright."""

    def upscale(self, lr: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(lr, scale_factor=4) / 2


@pytest.mark.parametrize(("alignment", "own"), [("hr", False), ("sr", True)])
def test_a_face_is_aligned_by_the_landmarks_that_the_run_declares(tmp_path, file, alignment, own):
    with weights.override({"arcface": file}):
        worker, of_sr, of_hr = worker_for(tmp_path, file, alignment)
        described, hr = (worker.features.get(*of).arrays for of in ((of_sr, "arcface"), (of_hr, "dlib-landmarks")))
        found = worker.features.get(of_sr, "dlib-landmarks", alone=own).arrays
    expected = found if own else hr
    np.testing.assert_array_equal(described["read"], expected["landmarks"])
    np.testing.assert_array_equal(described["read box"], expected["landmarks"])  # the box is found in the same picture
    assert (found["landmarks"] < 0.9 * hr["landmarks"]).all()


def test_landmarks_of_lr_are_found_in_lr_alone_although_there_is_hr(tmp_path, file):
    with weights.override({"arcface": file}):
        worker, of_sr, of_hr = worker_for(tmp_path, file, "lr")
        of_lr = replace(of_sr, method=LR)
        lr = worker.features.get(of_lr, "dlib-landmarks", alone=True).arrays["landmarks"]
        hr = worker.features.get(of_hr, "dlib-landmarks").arrays["landmarks"]
        found = {of: worker.features.get(of, f"arcface{BY_LR}").arrays for of in (of_sr, of_lr, of_hr)}
    assert (lr != hr).all()
    for of in (of_sr, of_lr):
        np.testing.assert_array_equal(found[of]["read"], lr)
        np.testing.assert_array_equal(found[of]["read box"], lr)
    np.testing.assert_array_equal(found[of_hr]["read"], hr)


@pytest.mark.parametrize("alignment", ["hr", "sr"])
def test_landmarks_that_are_measured_start_from_the_box_of_the_hr(tmp_path, file, alignment):
    with weights.override({"arcface": file}):
        worker, of_sr, of_hr = worker_for(tmp_path, file, alignment)
        worker.features.get(of_sr, "arcface")  # must not stand in for it
        found = worker.features.get(of_sr, "dlib-landmarks").arrays
        np.testing.assert_array_equal(found["read box"], worker.features.get(of_hr, "mtcnn").arrays["box"])


# --- the LR pictures


class Mean(Colours):
    """Repeats what aligned it, and says how bright the picture is."""

    requires: ClassVar[tuple[str, ...]] = ("dlib-landmarks",)
    aligns = True

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        return {"descriptor": images.double().flatten(1).numpy(), "read": guide["landmarks"]}


@pytest.mark.parametrize("alignment", ["hr", "sr"])
@pytest.mark.parametrize("sides", [("HR", "LR"), ("LR",)])
def test_lr_is_enlarged_to_hrs_side_and_aligned_by_the_same_landmarks(tmp_path, monkeypatch, alignment, sides):
    monkeypatch.setitem(EXTRACTORS._targets, "dlib", f"{__name__}:Mean")
    files = {}
    for side in sides:
        files |= picture_files((f"{side}/{i}.png" for i in range(3)), side=64 if side == "HR" else 16)
    data, method = write_files(tmp_path / "data", files), f"python:{__name__}:Darker"
    spec = RunSpec(
        methods={method: method},
        data=str(data),
        metrics=("identity_lr",),
        descriptor="dlib",
        alignment=alignment,
        out=tmp_path / "out",
    )
    found = prepare(spec, Reporter())
    (metric,) = found.usable_metrics
    worker, (shard,) = Worker(found.context), found.shards
    units = {unit.method: unit for unit in found.plan()}
    assert list(units) == [*(["hr"] if "HR" in sides else []), LR, method]  # in the order in which they are read
    sr, lr = (worker.features.get(units[row], metric.feature_set).arrays for row in (method, LR))
    pictures = [
        np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BICUBIC))
        for picture in found.context.inputs.get(shard).lr
    ]
    seen = lr["descriptor"].reshape(3, 3, 64, 64)
    np.testing.assert_allclose(seen, np.stack(pictures).transpose(0, 3, 1, 2) / 255, atol=1e-6)
    own = {
        row: worker.features.get(units[row], "dlib-landmarks", alone=True).arrays["landmarks"] for row in (LR, method)
    }
    if alignment == "sr":
        expected = own
    else:
        guide = worker.features.get(units["hr"], "dlib-landmarks").arrays["landmarks"] if "HR" in sides else own[LR]
        expected = {LR: guide, method: guide}
    np.testing.assert_array_equal(lr["read"], expected[LR])
    np.testing.assert_array_equal(sr["read"], expected[method])
    found.close()


def test_identity_to_lr_has_a_number_per_method_and_lr_has_no_row(tmp_path, monkeypatch):
    monkeypatch.setitem(EXTRACTORS._targets, "dlib", f"{__name__}:Mean")
    data = write_files(tmp_path / "data", picture_files(f"HR/{i}.png" for i in range(6)))
    result = run(data, tmp_path / "out", "--metrics", "identity_lr,identity,psnr", "--descriptor", "dlib")
    assert set(result.summary["method"]) == {"bicubic", "hr"}
    hr, enlarged = [], []
    for file in sorted((data / "HR").iterdir()):
        picture = Image.open(file).convert("RGB")
        lr = picture.resize((16, 16), Image.Resampling.BICUBIC).resize((64, 64), Image.Resampling.BICUBIC)
        hr.append(np.asarray(picture).ravel() / 255.0)
        enlarged.append(np.asarray(lr).ravel() / 255.0)
    expected = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(hr, enlarged, strict=True)]
    rows = result.summary.set_index(["method", "metric"])["value"]
    assert rows["hr", "identity_lr"] == pytest.approx(np.mean(expected), abs=1e-6)
    assert rows["bicubic", "identity_lr"] > 0.999  # the method is the same enlargement
    assert ("hr", "identity") not in rows.index


# --- weight files


def finished(tmp_path: Path, *options: object) -> Finished:
    data = write_files(tmp_path / "data", picture_files(f"{i:02}.png" for i in range(24)))
    return run(data, tmp_path / "out", "--metrics", "verification_arcface", *options)


def brands(result: Finished) -> set[float]:
    return {
        float(found["descriptor"][0, 0])
        for path in (result.path / "cache" / "features").glob("*.npz")
        if "descriptor" in (found := np.load(path))
    }


def test_features_are_not_reused_after_the_weight_file_changed(tmp_path, file):
    option = ("--weights", f"arcface={file}")
    first = finished(tmp_path, *option)
    assert first.code == 0
    assert brands(first) == {1}
    hash_before = first.manifest["metric_weights"]["arcface"]
    file.write_text("2")
    changed = finished(tmp_path, *option)
    assert brands(changed) == {1, 2}
    assert changed.manifest["metric_weights"]["arcface"] != hash_before


def test_features_are_reused_when_the_same_file_lies_elsewhere(tmp_path, file):
    finished(tmp_path, "--weights", f"arcface={file}")
    other = tmp_path / "moved.onnx"
    other.write_text("1")
    before = sorted((tmp_path / "out" / "cache" / "features").iterdir())
    finished(tmp_path, "--weights", f"arcface={other}")
    assert sorted((tmp_path / "out" / "cache" / "features").iterdir()) == before


def test_a_named_file_comes_before_the_environments_folder(tmp_path, file, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "arcface.onnx").write_text("7")
    monkeypatch.setenv(weights.ENVIRONMENT, str(folder))
    assert brands(finished(tmp_path, "--weights", f"arcface={file}")) == {1}
    assert brands(finished(tmp_path)) == {1, 7}  # and it does not outlive the run that named it


def test_every_extractor_counts_its_weights(monkeypatch):
    monkeypatch.setattr(weights, "sha256", lambda name: f"hash of {name}")
    reads = {"inception", "retinaface", "facenet", "dlib", "fan"}
    for name in reads:
        extractor = EXTRACTORS.get(name)()
        assert isinstance(extractor, Extractor)
        assert all(f"hash of {file}" in extractor.fingerprint() for file in extractor.weight_files)
        assert extractor.weight_files
