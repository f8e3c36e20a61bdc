"""``fsrbench run --config``: the scores are those of flags, flags go first, a stopped or failing run stops no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
import pytest
from click.testing import Result
from made import Finished, call, picture_files, run, write_files

from fsrbench import benchmark
from fsrbench.errors import CannotWrite
from fsrbench.files.folders import only_writer

pytestmark = pytest.mark.heavy  # whole runs

Configured = Callable[..., Result]
TWO = """
methods: [bicubic]
metrics: [psnr]
runs:
  plain: {data: DATA}
  hard: {data: DATA, degradation: realworld, seed: 3, methods: [bicubic, nearest]}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files([f"{i}.png" for i in range(3)]))


@pytest.fixture
def configured(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configured:
    """Calls the command line with a file, in a folder of its own; no plots and grids of single runs."""
    monkeypatch.chdir(tmp_path)

    def make(text: str, *flags: object) -> Result:
        Path("study.yaml").write_text(text.replace("DATA", str(data)), encoding="utf-8")
        grids = mock.patch("fsrbench.gallery.keep.write_grid")
        with mock.patch("fsrbench.reports.plots.draw.write_plots"), grids:
            return call("run", "--config", "study.yaml", "--device", "cpu", *flags)

    return make


def record(out: str = "runs/study") -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(out, "experiment.json").read_text(encoding="utf-8"))
    return loaded


def scores(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path / "scores.parquet")


def test_one_run_is_the_one_of_its_flags(configured: Configured, data: Path, tmp_path: Path) -> None:
    found = configured("{methods: bicubic, data: DATA, degradation: realworld, metrics: [psnr, ssim], out: mine}")
    assert found.exit_code == 0
    theirs = run(data, tmp_path / "theirs", "--degradation", "realworld")
    pd.testing.assert_frame_equal(scores(Path("mine")), theirs.scores, check_exact=True)
    assert found.stdout == theirs.stdout
    assert {path.name for path in Path("mine").iterdir()} == {path.name for path in theirs.path.iterdir()}


def test_several_runs_are_those_of_their_flags(configured: Configured, data: Path, tmp_path: Path) -> None:
    found = configured(TWO)
    assert found.exit_code == 0
    flags = ("--degradation", "realworld", "--seed", 3, "--metrics", "psnr")
    theirs = {
        "plain": run(data, tmp_path / "a", "--metrics", "psnr"),
        "hard": run(data, tmp_path / "b", *flags, methods="bicubic,nearest"),
    }
    for name, their in theirs.items():
        pd.testing.assert_frame_equal(scores(Path("runs/study", name)), their.scores, check_exact=True)
    recorded = record()
    assert {name: entry["status"] for name, entry in recorded["runs"].items()} == {"plain": "ok", "hard": "ok"}
    assert recorded["config"]["text"] == Path("study.yaml").read_text()
    assert recorded["config"]["sha256"] == hashlib.sha256(Path("study.yaml").read_bytes()).hexdigest()
    assert recorded["tables"]["all"]["files"] == ["tables/all.md", "tables/all.tex"]
    table = Path("runs/study/tables/all.md").read_text(encoding="utf-8")
    assert "| Method | plain<br>PSNR (dB) ↑ | hard<br>PSNR (dB) ↑ |" in table
    assert r"\label{tab:fsrbench-all}" in Path("runs/study/tables/all.tex").read_text(encoding="utf-8")
    assert "PSNR" in found.stdout
    assert "run 2 of 2: hard" in found.stderr


def test_flags_go_before_the_file(configured: Configured) -> None:
    assert configured(TWO, "--limit", 2, "--methods", "nearest", "--out", "there", "--seed", 9).exit_code == 0
    for name in ("plain", "hard"):
        manifest = Finished(0, "", "", Path("there", name)).manifest
        assert [manifest["spec"][key] for key in ("methods", "limit", "seed")] == [["nearest"], 2, 9]
    assert record("there")["config"]["flags"]["limit"] == 2
    assert not Path("runs").exists()


def test_defaults_of_flags_do_not(configured: Configured) -> None:
    assert (
        configured("{methods: [bicubic], data: DATA, metrics: [psnr], degradation: area, seed: 5, out: x}").exit_code
        == 0
    )
    spec = Finished(0, "", "", Path("x")).manifest["spec"]
    assert (spec["degradation"], spec["seed"]) == ("area", 5)


def test_layouts_leave_out_what_flags_do_not_want(configured: Configured) -> None:
    tables = "tables: {t: {layout: {metrics: [psnr, {niqe: N}], methods: {bicubic: B, ours: O}}}}\n"
    assert configured(TWO + tables, "--methods", "bicubic").exit_code == 0
    assert "| B |" in Path("runs/study/tables/t.md").read_text()
    refused = configured(TWO + tables, "--fresh")  # a mistake of the file itself is told, the runs are there
    assert refused.exit_code == 1
    assert "no metric niqe in any of them" in refused.stderr
    assert record()["tables"]["t"]["status"] == "stopped"


def test_a_finished_run_is_not_done_again(configured: Configured) -> None:
    first = configured(TWO)
    stamps = {path: path.stat().st_mtime_ns for path in Path("runs/study").rglob("scores.parquet")}
    with mock.patch.object(benchmark, "compute", side_effect=AssertionError):
        again = configured(TWO)
    assert again.exit_code == 0
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    added = configured(TWO + "  more: {data: DATA, seed: 8}\n")
    assert added.stderr.count("nothing has changed") == 2


def test_a_run_that_fails_stops_no_other(configured: Configured) -> None:
    text = TWO.replace("plain: {data: DATA}", "plain: {data: DATA}\n  broken: {data: broken, metrics: [niqe]}")
    text += "tables: {all: {layout: {metrics: [psnr, niqe], runs: {plain: Plain, broken: Broken}}}}\n"
    write_files(Path("broken"), {"a.png": b"no picture"})
    found = configured(text)
    assert found.exit_code == 1
    recorded = record()["runs"]
    assert {name: entry["status"] for name, entry in recorded.items()} == {
        "plain": "ok",
        "broken": "stopped",
        "hard": "ok",
    }
    assert "no image of broken can be used" in recorded["broken"]["note"]
    assert "| Plain<br>PSNR (dB) ↑ | hard<br>PSNR (dB) ↑ |" in Path("runs/study/tables/all.md").read_text()
    write_files(Path("broken"), picture_files(["a.png"]))
    assert configured(text.replace("niqe", "ssim")).exit_code == 0
    assert "Broken<br>SSIM" in Path("runs/study/tables/all.md").read_text()


def test_a_method_that_fails_gives_code_1_and_is_shown(configured: Configured) -> None:
    Path("failing.py").write_text("def fails(lr):\n    return lr\n")
    with mock.patch("sys.path", [str(Path.cwd()), *__import__("sys").path]):
        found = configured(TWO.replace("plain: {", "plain: {methods: [bicubic, 'python:failing:fails'], "))
    assert found.exit_code == 1
    assert {name: entry["status"] for name, entry in record()["runs"].items()} == {"plain": "failed", "hard": "ok"}
    assert "plain<br>" in Path("runs/study/tables/all.md").read_text()


def test_a_stopped_experiment_continues(configured: Configured) -> None:
    original, calls = benchmark.compute, []

    def stopped(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    with mock.patch.object(benchmark, "compute", side_effect=stopped):
        assert configured(TWO).exit_code == 130
    assert {name: entry["status"] for name, entry in record()["runs"].items()} == {"plain": "ok", "hard": "waiting"}
    again = configured(TWO)
    assert again.exit_code == 0
    assert again.stderr.count("nothing has changed") == 1


def test_a_sweep_has_a_table_and_a_plot(configured: Configured) -> None:
    text = "{methods: [bicubic, nearest], metrics: [psnr], data: DATA, runs: {n: {degradation: [noise:5, noise:20]}}}"
    assert configured(text).exit_code == 0
    files = record()["tables"]["sweep-n"]["files"]
    assert files == [*(f"tables/sweep-n.{e}" for e in ("md", "tex")), *(f"plots/sweep-n.{e}" for e in ("png", "svg"))]
    assert all(Path("runs/study", file).stat().st_size for file in files)
    assert "noise (of 255)" in Path("runs/study/tables/sweep-n.md").read_text()
    assert Path("runs/study/n/noise-20/scores.parquet").exists()


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (
            TWO.replace("realworld", "realwrld"),
            6,
            "degradation: unknown degradation 'realwrld'; did you mean realworld",
        ),
        (TWO.replace("nearest", "neerest"), 6, "methods: unknown method 'neerest'; did you mean nearest"),
        (TWO.replace("psnr", "psrn"), 3, "metrics: unknown metric 'psrn'; did you mean psnr"),
        (TWO.replace("plain: {data: DATA", "plain: {data: smple"), 5, "data: unknown dataset 'smple'"),
        (
            TWO.replace("plain: {data: DATA", "plain: {data: DATA, task: 64x1"),
            5,
            "task: degradation bicubic leaves LR equal to HR in task 64x1; use realworld, wild, gfpgan, ",
        ),
        (TWO.replace("seed: 3", "reference: no/such"), 6, "reference: no/such does not exist"),
        (TWO.replace("seed: 3", "pairs: nowhere.txt"), 6, "pairs: nowhere.txt: cannot be read"),
        (TWO.replace("seed: 3", "groups: nowhere.csv"), 6, "groups: nowhere.csv: cannot be read"),
        (TWO.replace("seed: 3", "ratio-to: ours"), 6, "ratio_to: ours is not one of the methods"),
        (TWO.replace("seed: 3", "weights: {arcfase: x}"), 6, "weights: unknown weight file 'arcfase'"),
        (TWO.replace("seed: 3", "weights: {niqe: nowhere}"), 6, "weights: weights niqe: nowhere is not a file"),
    ],
)
def test_missing_things_are_reported_before_any_work(configured: Configured, text: str, line: int, reason: str) -> None:
    found = configured(text)
    assert found.exit_code == 2
    assert found.stderr.startswith(f"fsrbench: study.yaml, line {line}: {reason}")
    assert found.stderr.count("\n") == 1
    assert not Path("runs").exists()


def test_a_flag_that_names_nothing_is_reported_by_its_name(configured: Configured) -> None:
    found = configured(TWO, "--metrics", "psrn")
    assert found.exit_code == 2
    assert found.stderr.startswith("fsrbench: --metrics: unknown metric 'psrn'")


def test_without_methods_or_a_file_it_is_one_line() -> None:
    found = call("run")
    assert (found.exit_code, found.stderr.count("\n")) == (2, 1)
    assert "--methods: name at least one, or give --config FILE.yaml" in found.stderr


def test_another_folder_is_left_alone(configured: Configured) -> None:
    write_files(Path("there"), {"notes.txt": b"mine"})
    found = configured(TWO, "--out", "there")
    assert found.exit_code == 2
    assert "there holds other files" in found.stderr
    assert [path.name for path in Path("there").iterdir()] == ["notes.txt"]


def test_two_processes_do_not_do_the_same(configured: Configured) -> None:
    Path("runs/study").mkdir(parents=True)
    with only_writer(Path("runs/study")):
        found = configured(TWO)
    assert found.exit_code == 2
    assert "runs/study is being written by process" in found.stderr
    assert configured(TWO).exit_code == 0


def test_a_full_disk_stops_all(configured: Configured) -> None:
    with mock.patch.object(benchmark, "compute", side_effect=CannotWrite("cannot write x")) as runs:
        found = configured(TWO)
    assert (found.exit_code, runs.call_count) == (2, 1)
    assert found.stderr.endswith("fsrbench: cannot write x\n")
    assert {entry["status"] for entry in record()["runs"].values()} == {"waiting"}
