"""What a method does to its process harms no other method."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import picture_files, rude, run, write_files
from made.forked import COMMAND_LINE, run_python
from made.places import TESTS
from made.process import QUIET, same, snapshot
from torch import Tensor
from torch.nn import functional as F

import fsrbench
from fsrbench.datasets import DATASETS, Dataset, Picture, Sample, open_dataset
from fsrbench.errors import EndedProgram, UserError
from fsrbench.methods import Method
from fsrbench.metrics.base import FeatureMetric, ImageMetric
from fsrbench.metrics.evaluation import Evaluation
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.process import state as process_state
from fsrbench.process.containment import contained, no_exit
from fsrbench.process.state import preserved


def test_a_method_cannot_turn_another_methods_warnings_into_errors(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    names = ["python:made.rude:changes_everything", "python:made.rude:warns"]
    finished = run(data, tmp_path / "run", methods=",".join(names))
    assert [finished.status(name) for name in names] == ["ok", "ok"]
    assert "warning filters" not in finished.manifest["methods"][names[0]]["changed_state"]


def test_variables_that_libraries_set_are_not_a_methods_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    for variable, expected in (("TORCHINDUCTOR_CACHE_DIR", set()), ("RUDE", {"environment variables"})):
        changed: set[str] = set()
        with contained(changed):
            os.environ[variable] = "set inside"
        assert changed == expected
        assert variable not in os.environ


@pytest.mark.heavy
def test_a_method_does_not_change_another_methods_numbers(tmp_path: Path) -> None:
    """The same numbers alone and beside a method that sets everything it can."""
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png", "c.png"]))
    names = ["python:made.rude:noisy", "python:made.rude:changes_everything", "bicubic"]
    alone = run(data, tmp_path / "alone", methods=f"{names[0]},{names[2]}")
    beside = run(data, tmp_path / "beside", methods=",".join([names[1], names[0], names[2]]))
    isolated = run(data, tmp_path / "isolated", "--isolate", methods=",".join(names[:2]))
    for name in (names[0], names[2]):
        assert alone.values(name) == beside.values(name)
    for name in names[:2]:
        assert beside.values(name) == isolated.values(name)


@pytest.mark.heavy
def test_what_a_method_changed_is_reported(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    rude, loads = "python:made.rude:changes_everything", "python:made.rude:ChangesInLoad"
    first = run(data, tmp_path / "run", "--metrics", "psnr,latency_ms", methods=f"bicubic,{rude},{loads}")
    again = run(data, tmp_path / "run", "--metrics", "psnr,ssim", methods=f"bicubic,{rude},{loads}")
    isolated = run(data, tmp_path / "isolated", "--isolate", methods=f"{rude},{loads}")
    for finished in (first, again, isolated):
        assert finished.code == 0
        changed = {name: entry["changed_state"] for name, entry in finished.manifest["methods"].items()}
        assert not changed.get("bicubic")
        assert changed[loads] == ["float32 precision (TF32)"]
        assert {"cudnn.benchmark", "working directory", "default dtype", "numpy's error handling"} < set(changed[rude])
        assert "put back: " in (finished.path / "table.md").read_text(encoding="utf-8")
    assert "changed" in first.stderr


@pytest.mark.parametrize(
    ("isolate", "names"),
    [
        ((), ["exits", "quits", "cancelled", "rings", "ExitsInLoad"]),
        pytest.param(("--isolate",), ["exits"], marks=pytest.mark.heavy),
    ],
)
def test_a_method_that_ends_the_program_is_a_failed_row(
    tmp_path: Path, isolate: tuple[str, ...], names: list[str]
) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    rude = [f"python:made.rude:{name}" for name in names]
    finished = run(data, tmp_path / "run", *isolate, methods=",".join(["bicubic", *rude]))
    assert finished.code == 1
    assert finished.status("bicubic") == "ok"
    for name in rude:
        assert finished.status(name) == "failed"
        assert "ended the program" in finished.note(name) or "end the program" in finished.note(name)
    assert "bicubic" in finished.stdout


def test_one_that_ends_it_while_it_is_timed(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    name = "python:made.rude:ExitsWhenTimed"
    finished = run(data, tmp_path / "run", "--metrics", "psnr,latency_ms", methods=f"bicubic,{name}")
    assert (finished.code, finished.status(name), finished.status(name, "latency_ms")) == (1, "ok", "failed")
    assert finished.status("bicubic", "latency_ms") == "ok"


@pytest.mark.parametrize("metric", [rude.ExitingMetric, rude.ExitingCheck])
def test_a_metric_that_ends_the_program_is_a_failed_row(metric: Any) -> None:
    found = fsrbench.evaluate(["bicubic"], metrics=["psnr", metric], limit=2, **QUIET)
    assert found.result("bicubic", "psnr").ok  # type: ignore[union-attr]
    row = found.result("bicubic", metric.name)
    assert row is not None
    assert (row.status, found.failed) == ("failed", True)
    assert "tried to end the program (SystemExit: 0)" in row.note


def test_plug_ins_that_end_the_program_when_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exiting_module.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    from fsrbench.metrics import METRICS

    monkeypatch.setitem(METRICS._targets, "exiting", "exiting_module:Metric")
    name = "python:exiting_module:Thing"
    finished = run(data, tmp_path / "run", "--metrics", "psnr,exiting", methods=f"bicubic,{name}")
    assert (finished.code, finished.status(name), finished.status("bicubic")) == (1, "failed", "ok")
    assert finished.status("bicubic", "exiting") == "failed"
    assert "tried to end the program" in finished.note("bicubic", "exiting")


def test_results_are_written_where_requested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths, although a method changes the folder."""
    write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    monkeypatch.chdir(tmp_path)
    name = "python:made.rude:changes_everything"
    finished = run("data", Path("run"), methods=f"{name},bicubic")
    assert finished.code == 0
    assert (tmp_path / "run" / "summary.csv").is_file()
    assert finished.status("bicubic") == "ok"


@pytest.mark.heavy
def test_standard_streams_stay_open(tmp_path: Path) -> None:
    """A real process: its table is printed, and an alarm set by a method does not end it later."""
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    methods = "python:made.rude:closes_stdout,python:made.rude:rings_later"
    words = ["run", "--methods", methods, "--data", data, "--out", tmp_path / "run", "--metrics", "psnr"]
    done = run_python(COMMAND_LINE, *words, env={**os.environ, "PYTHONPATH": str(TESTS)})
    assert done.returncode == 0, done.stderr
    assert "closes_stdout" in done.stdout
    assert "run folder" in done.stderr


def test_contained_blocks_may_be_nested() -> None:
    changed: set[str] = set()
    before = snapshot()
    with contained(changed):
        torch.set_num_threads(3)
        with pytest.raises(EndedProgram), contained():
            sys.exit()
        assert torch.get_num_threads() == 3
    assert changed == {"torch's threads"}
    same(before, snapshot())


def test_the_users_interrupt_is_not_a_failure() -> None:
    with pytest.raises(KeyboardInterrupt), contained():
        raise KeyboardInterrupt


def test_closed_file_numbers_come_back(tmp_path: Path) -> None:
    with preserved():
        with contained():
            os.close(1)
        os.fstat(1)
    assert not process_state._file_copies


def test_an_alarm_of_the_caller_is_not_a_failure() -> None:
    """What the caller's own time limit raises goes through to the caller."""

    class TooSlow(BaseException):
        pass

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(TooSlow), contained():
            signal.pause()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


ENDINGS = [SystemExit(0), GeneratorExit(), asyncio.CancelledError(), BaseExceptionGroup("two", [SystemExit()])]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
def test_what_would_end_the_program_is_an_error(ending: BaseException) -> None:
    with pytest.raises(EndedProgram, match=f"tried to end the program .{type(ending).__name__}"), contained():
        raise ending
    with pytest.raises(EndedProgram), contained(), contained():
        raise ending


@pytest.mark.parametrize("ending", ENDINGS[:2], ids=lambda ending: type(ending).__name__)
def test_known_ways_to_end_it_are_distinguished_from_an_alarm_of_the_caller(ending: BaseException) -> None:
    with pytest.raises(EndedProgram), no_exit(callers_alarm=True):
        raise ending


def closes(*_: Any, **__: Any) -> Any:
    raise GeneratorExit


class InLoad(Method):
    load = closes

    def upscale(self, lr: Tensor) -> Tensor:
        raise AssertionError("never loaded")


class InUpscale(Method):
    upscale = closes


class Blocks(Method):
    def upscale(self, lr: Tensor) -> Tensor:
        return F.interpolate(lr, scale_factor=4)


class InInit(Blocks):
    __init__ = closes


class InFingerprint(Blocks):
    fingerprint = closes


class InFiles(Blocks):
    files = closes


class WhenCounted(Blocks):
    count_parameters = closes


class Score(ImageMetric):
    name = title = "closing_score"
    protocol = "none"
    score = closes


class Check(ImageMetric):
    name = title = "closing_check"
    protocol = "none"
    check = score = closes


class Read(FeatureMetric):
    name = title = "closing_extractor"
    protocol = "none"
    extractor = "closing"

    def evaluate(self, faces: Any, seed: int) -> Evaluation:
        return Evaluation(np.zeros(len(faces.ids)))


class Evaluate(Read):
    name = title = "closing_evaluate"
    extractor = "still"
    evaluate = closes


class Still(Extractor):
    def extract(self, images: Tensor, guide: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"zero": np.zeros((len(images), 1))}


class Closing(Still):
    extract = closes


def test_methods_and_metrics_that_raise_generator_exit_lose_their_own_rows() -> None:
    methods = [InLoad, InUpscale, InInit, InFingerprint, InFiles, WhenCounted]
    metrics: list[Any] = ["psnr", "params", Score, Check, Read, Evaluate]
    with EXTRACTORS.temporarily({"closing": Closing, "still": Still}):
        found = fsrbench.evaluate(["bicubic", *methods], metrics=metrics, limit=2, progress=False)
    status = found.summary.set_index(["method", "metric"])["status"]
    assert status["bicubic", "psnr"] == status["bicubic", "params"] == "ok"
    assert status["WhenCounted", "psnr"] == "ok"
    assert status["WhenCounted", "params"] == "failed"
    failed = [method.__name__ for method in methods if method is not WhenCounted]
    assert {status[name, "psnr"] for name in failed} == {"failed"}
    assert {status["bicubic", metric.name] for metric in metrics[2:]} == {"failed"}
    notes = found.summary.query("status == 'failed'")["note"]
    assert notes.str.contains("tried to end the program (GeneratorExit)", regex=False).all()


class ClosingFiles:
    """Storage of which one picture cannot be read."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self._sample = open_dataset("sample").samples[0]

    def names(self) -> list[str]:
        return ["good", "bad"]

    def read(self, name: str) -> bytes:
        if name == "bad":
            raise self._error
        assert self._sample.hr is not None
        return self._sample.hr.read()


@pytest.mark.parametrize("error", [GeneratorExit(), SystemExit(0), ValueError("torn")], ids=repr)
def test_a_picture_whose_storage_raises_is_left_out(error: BaseException) -> None:
    files = ClosingFiles(error)
    data = Dataset("theirs", tuple(Sample(name, hr=Picture(files, name)) for name in files.names()))
    found = fsrbench.evaluate(["bicubic"], data, metrics=["psnr"], progress=False)
    assert found.result("bicubic", "psnr").n == 1  # type: ignore[union-attr]
    assert type(error).__name__ in found.manifest["dataset"]["left_out"]["bad"]


@pytest.mark.parametrize("make", [closes, lambda: exec("raise SystemExit")])
def test_a_dataset_whose_code_ends_the_program_is_unusable_input(make: Callable[[], Dataset]) -> None:
    with DATASETS.temporarily({"closing": make}), pytest.raises(UserError, match="tried to end the program"):
        fsrbench.evaluate(["bicubic"], "closing", metrics=["psnr"], progress=False)
