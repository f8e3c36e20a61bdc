"""``fsrbench audit`` as a user calls it: on the sample, on a run, and on what cannot be audited."""

from __future__ import annotations

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
import torch
from click.testing import Result
from made import Finished, call, draw_picture, encode_picture, picture_files, run, write_files
from made.extractors import Colours, use_colours
from torch import Tensor

from fsrbench.audit.findings import COLUMNS
from fsrbench.audit.protocols import LR, Protocol, all_protocols
from fsrbench.engine.context import Context
from fsrbench.methods.base import Method
from fsrbench.weights import ENVIRONMENT

pytestmark = pytest.mark.heavy

PROTOCOLS = all_protocols()
FILES = ["audit.csv", "audit.md", "audit.png", "audit.svg"]
SETTING = ["--data", "sample", "--limit", "3"]


def read(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "audit.csv", keep_default_na=False, na_values={"value": "", "difference": ""})


class OnlyX4(Method):
    """Cannot do x8."""

    tasks = ("x4",)

    def upscale(self, lr: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(lr, scale_factor=4)


ONLY_X4 = f"python:{__name__}:OnlyX4"


def audit(*arguments: object, plots: bool = False) -> Result:
    """``fsrbench audit``; the figure is slow, so only where asked for."""
    with nullcontext() if plots else mock.patch("fsrbench.audit.plot.write_plot"):
        return call("audit", *arguments)


def value(rows: pd.DataFrame, method: str, metric: str, protocol: str = "default") -> float:
    found = rows.query("method == @method and metric == @metric and protocol == @protocol")
    assert len(found) == 1
    return float(found["value"].iloc[0])


def measured(out: Path, metrics: str = "psnr,ssim,detection", **options: str) -> Finished:
    flags = [part for name, given in options.items() for part in (f"--{name}", given)]
    return run("sample", out, "--limit", "3", "--metrics", metrics, *flags, methods="bicubic,nearest")


@pytest.fixture(scope="module")
def no_niqe(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ENVIRONMENT, str(tmp_path_factory.mktemp("no weights")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, and the audit of it."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert measured(out, task="x8", seed="3").code == 0
    return out


@pytest.fixture(scope="module")
def of_run(finished: Path, no_niqe: None) -> pd.DataFrame:
    assert audit(finished).exit_code == 0
    return read(finished / "audit")


@pytest.fixture(scope="module")
def of_method(tmp_path_factory: pytest.TempPathFactory, no_niqe: None) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("audit") / "out"
    result = audit("--method", "bicubic", *SETTING, "--out", out, "--offline", plots=True)
    assert result.exit_code == 0
    return out, result.stdout


def test_tables_and_figure_are_written(of_method: tuple[Path, str], finished: Path, of_run: pd.DataFrame) -> None:
    assert all((of_method[0] / name).stat().st_size > 1000 for name in FILES)
    assert all((finished / "audit" / name).stat().st_size > 1000 for name in FILES[:2])


def test_the_terminal_shows_spread_and_values(of_method: tuple[Path, str]) -> None:
    out, shown = of_method
    assert "PSNR" in shown
    assert "stretched" in shown
    assert f"{value(read(out), 'bicubic', 'psnr', 'stretched'):.2f}" in shown


def test_every_protocol_has_a_row_or_a_reason(of_method: tuple[Path, str]) -> None:
    out, shown = of_method
    rows = read(out)
    assert list(rows) == list(COLUMNS)
    asked = [(p.metric, p.name) for p in PROTOCOLS if p.degradation != "bicubic"]
    mine = rows[rows["method"] == "bicubic"]
    assert list(zip(mine["metric"], mine["protocol"], strict=True)) == asked
    status = dict(zip(mine["metric"], mine["status"], strict=True))
    taken = dict.fromkeys(("psnr", "ssim", "niqe_face", "detection"), "ok")
    assert status == taken | {"niqe": "unavailable", "verification": "invalid", "identification": "invalid"}
    report = (out / "audit.md").read_text(encoding="utf-8")
    for text in (shown, report):
        assert "needs at least 20 images" in " ".join(text.split())


def test_differences_are_from_the_default(of_method: tuple[Path, str]) -> None:
    rows = read(of_method[0]).query("status == 'ok'")
    for (method, metric), part in rows.groupby(["method", "metric"]):
        default = value(rows, method, metric)
        assert part["difference"].tolist() == pytest.approx((part["value"] - default).tolist())
    assert rows["difference"].abs().max() > 0.5


def test_the_default_is_the_benchmarks_own_number(finished: Path, of_run: pd.DataFrame) -> None:
    summary = pd.read_csv(finished / "summary.csv")
    for method, metric, expected in summary[["method", "metric", "value"]].itertuples(index=False):
        assert value(of_run, method, metric) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("degradation", ["opencv-cubic", "bilinear-steps"])
def test_lr_made_another_way_gives_what_a_run_gives(tmp_path: Path, of_run: pd.DataFrame, degradation: str) -> None:
    name = next(p.name for p in PROTOCOLS if p.degradation == degradation)
    other = measured(tmp_path / "out", "psnr,ssim", task="x8", seed="3", degradation=degradation)
    for metric in ("psnr", "ssim"):
        expected = other.summary.query("method == 'nearest' and metric == @metric")["value"].iloc[0]
        assert value(of_run, "nearest", metric, name) == pytest.approx(float(expected), abs=1e-9)


def test_a_run_says_what_to_audit(finished: Path, of_run: pd.DataFrame) -> None:
    report = (finished / "audit" / "audit.md").read_text(encoding="utf-8")
    assert "sample, x8 (16 to 128 px), LR by bicubic" in report
    assert "seed 3. First 3 images." in report
    assert set(of_run["method"]) == {"bicubic", "nearest", "hr"}
    assert "has changed" not in report


def test_a_run_is_not_super_resolved_again(finished: Path, of_run: pd.DataFrame, monkeypatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("super-resolved again")

    monkeypatch.setattr("baselines.interpolation.Interpolation.upscale", never)
    assert audit(finished).exit_code == 0
    assert not (read(finished / "audit")["status"] == "failed").any()


def test_a_run_stays_finished_and_every_worker_is_ended(finished: Path, of_run: pd.DataFrame, monkeypatch) -> None:
    started, ended = [], []
    start, end = Context.__init__, Context.close
    monkeypatch.setattr(Context, "__init__", lambda self, *given: started.append(self) or start(self, *given))
    monkeypatch.setattr(Context, "close", lambda self: ended.append(self) or end(self))
    assert audit(finished).exit_code == 0
    assert len(started) > 2
    assert set(map(id, started)) == set(map(id, ended))
    assert "nothing has changed" in measured(finished, task="x8", seed="3").stderr


def test_flags_override_the_run(finished: Path, tmp_path: Path, no_niqe: None) -> None:
    result = audit(finished, "--out", tmp_path / "out", "--limit", "1", "--degradation", "area", "--task", "x4")
    assert result.exit_code == 0
    report = (tmp_path / "out" / "audit.md").read_text(encoding="utf-8")
    assert "x4 (16 to 64 px), LR by area" in report
    assert "First 1 image." in report
    assert "LR: Pillow bicubic" in report
    assert "LR: average pooling" not in report


def test_other_data_and_a_changed_method_are_reported(finished: Path, tmp_path: Path, no_niqe: None) -> None:
    again = tmp_path / "again"
    shutil.copytree(finished, again)
    manifest = json.loads((again / "manifest.json").read_text(encoding="utf-8"))
    manifest["methods"]["nearest"]["fingerprint"] = "another"
    manifest["dataset"]["sha256"] = "another"
    (again / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    result = audit(again, "--limit", "1")
    assert result.exit_code == 0
    for line in ("the data is not what again was measured on", "nearest has changed since again was run"):
        assert line in result.stderr
        assert line in (again / "audit" / "audit.md").read_text(encoding="utf-8")
    assert "bicubic has changed" not in result.stderr


def people(alike: bool) -> dict[str, bytes]:
    """Two pictures of each of 24 people: one darker than the other, or of strangers."""
    names = [f"person_{i:02}/{k}.png" for i in range(24) for k in (1, 2)]
    if not alike:
        return picture_files(names)
    pictures = [draw_picture(i // 2).point(lambda v, k=i % 2: v * (10 - k) // 10) for i in range(len(names))]
    return dict(zip(names, map(encode_picture, pictures), strict=True))


@pytest.fixture(params=[True])
def with_arcface(
    request: pytest.FixtureRequest, tmp_path: Path, no_niqe: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A run whose verification is by an ArcFace network that was named, which is there besides dlib's."""
    use_colours(monkeypatch, "dlib", "arcface")
    monkeypatch.setattr(Colours, "weight_files", ("arcface",))
    network = tmp_path / "network.onnx"
    network.write_bytes(b"looked at by nobody here")
    data = write_files(tmp_path / "data", people(alike=request.param))
    options = ("--descriptor", "arcface", "--weights", f"arcface={network}", "--metrics", "verification")
    finished = run(data, tmp_path / "out", *options, methods="nearest")
    assert finished.code == 0
    return finished.path


def verification_alone() -> tuple[Protocol, ...]:
    return tuple(p for p in all_protocols() if p.metric == "verification")


def test_a_run_is_audited_with_its_descriptor_and_weights(with_arcface: Path) -> None:
    with mock.patch("fsrbench.audit.measure.all_protocols", verification_alone):
        assert audit(with_arcface).exit_code == 0
    summary = pd.read_csv(with_arcface / "summary.csv").set_index("method")["value"]
    assert 0.5 < summary["nearest"] <= 1
    assert value(read(with_arcface / "audit"), "nearest", "verification") == pytest.approx(summary["nearest"])
    report = (with_arcface / "audit" / "audit.md").read_text(encoding="utf-8")
    recipe = next(line for line in report.splitlines() if line.startswith("- verification, default: "))
    assert "network.onnx" in recipe
    assert "of the HR" in recipe
    assert "another protocol" not in report


@pytest.mark.parametrize("with_arcface", [False], indirect=True)
def test_a_judge_that_fails_on_hr_is_invalid_under_every_protocol(with_arcface: Path) -> None:
    with mock.patch("fsrbench.audit.measure.all_protocols", verification_alone):
        result = audit(with_arcface)
    assert result.exit_code == 0
    assert set(read(with_arcface / "audit")["status"]) == {"invalid"}
    assert "on the HR images themselves the judge is right in" in " ".join(result.stdout.split())
    assert "## Spread" not in (with_arcface / "audit" / "audit.md").read_text(encoding="utf-8")


def test_another_protocol_and_other_weights_are_reported(with_arcface: Path) -> None:
    path = with_arcface / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["protocols"]["verification"] = "by hand"
    manifest["metric_weights"] = {"arcface": {"sha256": "another"}}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with mock.patch("fsrbench.audit.measure.all_protocols", verification_alone):
        result = audit(with_arcface)
    for line in ("verification has another protocol here than in out", "weights arcface have changed since out was"):
        assert line in result.stderr


def test_a_missing_weight_file_is_one_line(with_arcface: Path) -> None:
    (with_arcface.parent / "network.onnx").unlink()
    result = audit(with_arcface)
    assert result.exit_code == 2
    assert "network.onnx is not a file" in result.stderr


def test_lr_of_the_data_is_not_replaced(tmp_path: Path, no_niqe: None) -> None:
    files = picture_files(["HR/a.png", "HR/b.png"]) | picture_files(["LR/a.png", "LR/b.png"], side=16)
    out = tmp_path / "out"
    assert audit("--method", "bicubic", "--data", write_files(tmp_path / "data", files), "--out", out).exit_code == 0
    assert LR not in set(read(out)["group"])
    assert "LR comes with the data" in (out / "audit.md").read_text(encoding="utf-8")


def test_lr_that_only_reduces_is_left_out_of_a_restoration_with_a_note(tmp_path: Path, no_niqe: None) -> None:
    data, out = write_files(tmp_path / "data", picture_files(["HR/a.png", "HR/b.png"])), tmp_path / "out"
    setting = ["--data", data, "--task", "64x1", "--degradation", "gfpgan"]
    assert audit("--method", "bicubic", *setting, "--out", out).exit_code == 0
    assert LR not in set(read(out)["group"])
    note = (
        "LR by area, bicubic, bilinear-steps, opencv-cubic, opencv-linear, skimage-rescale cannot be made for task 64x1"
    )
    assert note in (out / "audit.md").read_text(encoding="utf-8")


def test_a_method_that_cannot_run_is_reported_and_the_others_are_audited(tmp_path: Path, no_niqe: None) -> None:
    out = tmp_path / "out"
    assert audit("--method", f"{ONLY_X4},bicubic", "--task", "x8", "--limit", "1", "--out", out).exit_code == 0
    rows = read(out)
    assert set(rows[rows["method"] == ONLY_X4]["status"]) == {"unavailable"}
    assert (rows[rows["method"] == "bicubic"]["status"] == "ok").any()
    assert "OnlyX4 does x4, not x8" in (out / "audit.md").read_text(encoding="utf-8")


def no_hr(folder: Path) -> Path:
    return write_files(folder / "lr", picture_files(["LR/a.png", "LR/b.png"], side=16))


def nothing_said(folder: Path) -> Path:
    run_folder = folder / "bare"
    measured(run_folder, "psnr")
    (run_folder / "manifest.json").write_text("{}")
    return run_folder


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name either a run's folder or --method"),
        (["{empty}", "--method", "bicubic"], "name either a run's folder or --method"),
        (["--method", "bicubik"], "unknown method 'bicubik'; did you mean bicubic"),
        (["--method", ","], "--methods: name at least one"),
        (["--method", ONLY_X4, "--task", "x8"], "OnlyX4 does x4, not x8"),
        (["--method", "bicubic", "--task", "x3"], "--task: unknown task 'x3'; write x4, x8 or LRxSCALE"),
        (["--method", "bicubic", "--data", "smple"], "unknown dataset 'smple'"),
        (["--method", "bicubic", "--data", "{no_hr}"], "audit needs HR images"),
        (["--method", "bicubic", "--degradation", "bicubik"], "unknown degradation 'bicubik'"),
        (["--method", "bicubic", "--limit", "0"], "--limit: must be"),
        (["--method", "bicubic", "--seed", "-1"], "--seed: must be"),
        (["--method", "bicubic", "--limit", "1", "--out", "{file}"], "cannot write to"),
        (["{missing}"], "no such run folder"),
        (["{empty}"], "is not a finished run"),
        (["{bare}"], "its manifest does not say what was run"),
    ],
)
def test_what_cannot_be_audited_is_one_line_and_code_2(
    tmp_path: Path, monkeypatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    text = " ".join(arguments)
    places = {name: tmp_path / name for name in ("empty", "file", "missing")}
    places["no_hr"] = no_hr(tmp_path) if "no_hr" in text else tmp_path
    places["bare"] = nothing_said(tmp_path) if "bare" in text else tmp_path
    result = audit(*(argument.format(**places) for argument in arguments))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert reason in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("fsrbench: ")]
    assert len(errors) == 1
    assert not (tmp_path / "runs").exists()
