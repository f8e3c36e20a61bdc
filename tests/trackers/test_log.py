"""``--log`` fails before any work if it could not log afterwards, and one failure affects nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from made import call

import fsrbench
from fsrbench import RunData
from fsrbench.errors import UserError
from fsrbench.gallery import keep
from fsrbench.reports.plots import draw
from fsrbench.trackers.log import TRACKERS
from fsrbench.trackers.to_tensorboard import TensorBoard

RUN = ["run", "--methods", "bicubic", "--limit", 2, "--metrics", "psnr", "--device", "cpu", "--out", "out"]


@pytest.fixture(autouse=True)
def _no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """They and the grid take most of a small run's time."""
    monkeypatch.setattr(draw, "write_plots", lambda *_: None)
    monkeypatch.setattr(keep, "write_grid", lambda *_, **__: None)


@pytest.mark.parametrize("tracker", TRACKERS)
def test_without_the_extra_one_line_says_what_to_install(
    tracker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == tracker]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, tracker, None)
    result = call(*RUN, "--log", tracker)
    assert result.exit_code == 2
    assert result.output == f"fsrbench: {tracker}: {tracker} is not installed; `pip install 'fsrbench[{tracker}]'`\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("names", "reason"),
    [("mlfow", "--log: unknown tracker 'mlfow'; did you mean mlflow?"), (",", "--log: name at least one of mlflow, ")],
)
def test_unknown_trackers_are_refused(names: str, reason: str, tmp_path: Path) -> None:
    result = call(*RUN, "--log", names)
    assert (result.exit_code, reason in result.output, (tmp_path / "out").exists()) == (2, True, False)


@pytest.mark.heavy
def test_runs_of_the_command_line_are_logged(tmp_path: Path) -> None:
    first, again = (call(*RUN, "--log", "tensorboard") for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "tensorboard: 2 runs logged: tensorboard --logdir runs/tensorboard" in first.output
    assert "tensorboard: logged before, nothing changed" in again.output
    [folder] = (tmp_path / "runs" / "tensorboard").iterdir()
    assert folder.name.startswith("out-")


@pytest.mark.heavy
def test_all_runs_of_a_file_are_logged(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        "out: study\nmethods: [bicubic]\nmetrics: [psnr]\nlimit: 2\ndevice: cpu\n"
        "runs:\n  a: {}\n  b: {degradation: area}\n"
    )
    result = call("run", "--config", "study.yaml", "--log", "tensorboard")
    assert result.exit_code == 0, result.output
    assert {path.name[:2] for path in (tmp_path / "runs" / "tensorboard").iterdir()} == {"a-", "b-"}


@pytest.mark.heavy
def test_a_run_that_cannot_be_logged_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TensorBoard, "upload", lambda *_: (_ for _ in ()).throw(OSError("the disk is gone")))
    result = call(*RUN, "--log", "tensorboard")
    assert result.exit_code == 2
    assert "fsrbench: tensorboard: OSError: the disk is gone; the run is in out, and" in result.output
    assert RunData.load(tmp_path / "out").result("bicubic", "psnr")


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such run folder"):
        fsrbench.log(tmp_path / "nowhere", to="tensorboard")


def test_commands_that_log_nothing_import_no_tracker() -> None:
    code = "import sys, fsrbench.api, fsrbench.trackers.log; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {*TRACKERS, "torch", "jinja2"} & set(done.stdout.split())
