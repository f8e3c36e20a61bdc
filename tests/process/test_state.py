"""A call of fsrbench leaves its process as it was, and code of others neither ends nor changes it."""

from __future__ import annotations

import gc
import locale
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import torch
from made import picture_files, rude, run, write_files
from made.places import TESTS
from PIL import Image, ImageFile
from torch import nn

import fsrbench
from fsrbench.errors import EndedProgram, UserError
from fsrbench.methods.export import export
from fsrbench.photo.command import Request, upscale
from fsrbench.process import state as process_state
from fsrbench.process.containment import contained
from fsrbench.process.state import preserved

QUIET: dict[str, Any] = {"progress": False, "device": "cpu", "offline": True}
backends = torch.backends


def _read(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except RuntimeError:
        return "refused"


def snapshot() -> dict[str, Any]:
    """What a program can see of the process, read without the code under test."""
    places = [("generic", "all"), ("cuda", "all"), ("cuda", "matmul"), ("cuda", "conv"), ("cuda", "rnn")]
    places += [("mkldnn", "all"), ("mkldnn", "matmul"), ("mkldnn", "conv"), ("mkldnn", "rnn")]
    handlers = [s for s in signal.Signals if s.name not in ("SIGKILL", "SIGSTOP")]
    return {
        "precisions": [torch._C._get_fp32_precision_getter(*place) for place in places],
        "matmul": _read(torch.get_float32_matmul_precision),
        "tf32": (_read(lambda: backends.cuda.matmul.allow_tf32), _read(lambda: backends.cudnn.allow_tf32)),
        "cudnn": (backends.cudnn.benchmark, backends.cudnn.deterministic, backends.cudnn.enabled),
        "mkldnn": backends.mkldnn.enabled,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "torch generator": torch.get_rng_state().tolist(),
        "numpy generator": str(np.random.get_state()),
        "generator": random.getstate(),
        "numpy errors": np.geterr(),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "handlers": {s: signal.getsignal(s) for s in handlers},
        "timer": signal.getitimer(signal.ITIMER_REAL)[0] > 0,
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "loggers": {n: log.level for n, log in logging.root.manager.loggerDict.items() if hasattr(log, "level")},
        "pillow": (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES),
        "matplotlib": (dict(matplotlib.rcParams), matplotlib.get_backend()),
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.excepthook),
        "socket": (socket.socket.connect, socket.getaddrinfo, socket.getdefaulttimeout()),
        "other": (gc.isenabled(), sys.getrecursionlimit(), locale.setlocale(locale.LC_ALL), list(sys.path)),
    }


def same(before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    for name in set(after["loggers"]) - set(before["loggers"]):  # a library's own, made when it was imported
        changed.pop("loggers", None) if name else None
    assert not changed


@pytest.fixture(params=["as torch starts", "high", "newer settings", "mixed", "others"])
def caller(request: pytest.FixtureRequest) -> Iterator[None]:
    """Somebody's process, with settings of its own."""
    with preserved():
        if request.param in ("high", "mixed"):
            torch.set_float32_matmul_precision("high")
        if request.param == "newer settings":
            torch._C._set_fp32_precision_setter("generic", "all", "tf32")
            torch._C._set_fp32_precision_setter("cuda", "conv", "ieee")
        if request.param == "mixed":
            backends.cuda.matmul.allow_tf32 = False
        if request.param == "others":
            backends.cudnn.benchmark = True
            torch.use_deterministic_algorithms(True)
            torch.set_default_dtype(torch.float64)
            torch.set_num_threads(2)
            random.seed(7)
            np.random.seed(7)
            torch.manual_seed(7)
            np.seterr(divide="raise")
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            Image.MAX_IMAGE_PIXELS = 1000
            warnings.simplefilter("error", ResourceWarning)
            logging.root.setLevel(logging.DEBUG)
        yield


def test_evaluate_leaves_the_process_as_it_was(caller: None) -> None:
    network = nn.Sequential(nn.Conv2d(3, 48, 3, padding=1), nn.Dropout(), nn.PixelShuffle(4), nn.Sigmoid()).float()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    before = snapshot()
    found = fsrbench.evaluate(
        {"mine": network, "bicubic": "bicubic", "rude": rude.changes_everything},
        metrics=["psnr", "ssim", "params"],
        limit=4,
        **QUIET,
    )
    same(before, snapshot())
    assert network.training
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert set(found.summary["status"]) <= {"ok", "invalid"}
    # Whatever the caller has set, the number is that of a process of its own
    assert found.per_image("psnr")["bicubic"].mean() == pytest.approx(23.3612, abs=1e-4)


@pytest.mark.parametrize("data", ["nowhere/at/all", "sample"])
def test_what_goes_wrong_leaves_it_alike(data: str, tmp_path: Path) -> None:
    def broken(lr: torch.Tensor) -> torch.Tensor:
        torch.set_float32_matmul_precision("high")
        raise RuntimeError("no")

    before = snapshot()
    if data == "sample":
        found = fsrbench.evaluate({"broken": broken}, data, ["psnr", "latency_ms"], limit=2, **QUIET)
        assert set(found.summary.query("method == 'broken'")["status"]) == {"failed"}
    else:
        with pytest.raises(UserError):
            fsrbench.evaluate({"broken": broken}, data, ["psnr"], **QUIET)
    with pytest.raises(UserError):
        export("bicubic", "x5", "onnx", None)
    with pytest.raises((UserError, OSError)):
        upscale(Request(tmp_path / "none.png"), fsrbench.machine.console.Reporter())
    same(before, snapshot())


def test_random_numbers_of_the_caller_go_on_as_without_it() -> None:
    torch.manual_seed(3)
    random.seed(3)
    wanted = torch.rand(2).tolist(), random.random()
    torch.manual_seed(3)
    random.seed(3)
    fsrbench.evaluate({"noisy": rude.noisy}, metrics=["psnr"], limit=2, **QUIET)
    assert (torch.rand(2).tolist(), random.random()) == wanted


def test_imports_change_nothing() -> None:
    """In a process of its own, with the libraries imported before."""
    code = """
import logging, os, signal, sys, warnings, pkgutil, importlib
import torch, torchvision, numpy, scipy.stats, PIL.Image, PIL.ImageFile, pandas, matplotlib.pyplot, rich, pydantic
import safetensors.torch, typer, yaml, psutil, pooch, torch.utils.flop_counter
def state():
    return dict(filters=list(warnings.filters), env=dict(os.environ), pil=(PIL.Image.MAX_IMAGE_PIXELS,
        PIL.ImageFile.LOAD_TRUNCATED_IMAGES), threads=torch.get_num_threads(), tf32=torch.backends.cudnn.allow_tf32,
        rng=torch.get_rng_state().tolist(), int=signal.getsignal(2), level=logging.root.level,
        handlers=list(logging.root.handlers), err=numpy.geterr(), rc=dict(matplotlib.rcParams), path=list(sys.path))
before = state()
import fsrbench
for module in pkgutil.walk_packages(fsrbench.__path__, "fsrbench."):
    if "cluster" not in module.name and "remote" not in module.name and "dispatch" not in module.name:
        importlib.import_module(module.name)
after = state()
print([name for name in before if before[name] != after[name]])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_import_draws_no_random_numbers() -> None:
    code = "import random; s = random.getstate(); import fsrbench; fsrbench.evaluate; print(random.getstate() == s)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_a_method_makes_no_errors_of_another_methods_warnings(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    names = ["python:made.rude:changes_everything", "python:made.rude:warns"]
    finished = run(data, tmp_path / "run", methods=",".join(names))
    assert [finished.status(name) for name in names] == ["ok", "ok"]
    assert "warning filters" not in finished.manifest["methods"][names[0]]["changed_state"]


def test_variables_that_libraries_set_are_no_methods_doing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    for variable, told in (("TORCHINDUCTOR_CACHE_DIR", set()), ("RUDE", {"environment variables"})):
        changed: set[str] = set()
        with contained(changed):
            os.environ[variable] = "set inside"
        assert changed == told
        assert variable not in os.environ


def test_a_method_moves_no_other_methods_numbers(tmp_path: Path) -> None:
    """Today's numbers alone and beside a method that sets everything it can."""
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png", "c.png"]))
    names = ["python:made.rude:noisy", "python:made.rude:changes_everything", "bicubic"]
    alone = run(data, tmp_path / "alone", methods=f"{names[0]},{names[2]}")
    beside = run(data, tmp_path / "beside", methods=",".join([names[1], names[0], names[2]]))
    isolated = run(data, tmp_path / "isolated", "--isolate", methods=",".join(names[:2]))
    for name in (names[0], names[2]):
        assert alone.values(name) == beside.values(name)
    for name in names[:2]:
        assert beside.values(name) == isolated.values(name)


def test_what_a_method_changed_is_told(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    rude, loads = "python:made.rude:changes_everything", "python:made.rude:ChangesInLoad"
    first = run(data, tmp_path / "run", "--metrics", "psnr,latency_ms", methods=f"bicubic,{rude},{loads}")
    again = run(data, tmp_path / "run", "--metrics", "psnr,ssim", methods=f"bicubic,{rude},{loads}")
    isolated = run(data, tmp_path / "isolated", "--isolate", methods=f"{rude},{loads}")
    for finished in (first, again, isolated):
        assert finished.code == 0
        told = {name: entry["changed_state"] for name, entry in finished.manifest["methods"].items()}
        assert not told.get("bicubic")
        assert told[loads] == ["float32 precision (TF32)"]
        assert {"cudnn.benchmark", "working directory", "default dtype", "numpy's error handling"} < set(told[rude])
        assert "put back: " in (finished.path / "table.md").read_text(encoding="utf-8")
    assert "changed" in first.stderr


@pytest.mark.parametrize(
    ("isolate", "names"), [((), ["exits", "quits", "cancelled", "rings", "ExitsInLoad"]), (("--isolate",), ["exits"])]
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


def test_results_lie_where_they_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths, although a method changes the folder."""
    write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    monkeypatch.chdir(tmp_path)
    name = "python:made.rude:changes_everything"
    finished = run("data", Path("run"), methods=f"{name},bicubic")
    assert finished.code == 0
    assert (tmp_path / "run" / "summary.csv").is_file()
    assert finished.status("bicubic") == "ok"


def test_standard_streams_stay_open(tmp_path: Path) -> None:
    """A real process: its table is printed, and an alarm set by a method does not end it later."""
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    methods = "python:made.rude:closes_stdout,python:made.rude:rings_later"
    command = ["fsrbench", "run", "--methods", methods, "--data", data, "--out", tmp_path / "run", "--metrics", "psnr"]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "closes_stdout" in done.stdout
    assert "run folder" in done.stderr


def test_contained_blocks_may_lie_in_each_other() -> None:
    changed: set[str] = set()
    before = snapshot()
    with contained(changed):
        torch.set_num_threads(3)
        with pytest.raises(EndedProgram), contained():
            sys.exit()
        assert torch.get_num_threads() == 3
    assert changed == {"torch's threads"}
    same(before, snapshot())


def test_the_users_interrupt_is_no_failure() -> None:
    with pytest.raises(KeyboardInterrupt), contained():
        raise KeyboardInterrupt


def test_closed_file_numbers_come_back(tmp_path: Path) -> None:
    with preserved():
        with contained():
            os.close(1)
        os.fstat(1)
    assert not process_state._file_copies


def test_an_alarm_of_the_caller_is_no_failure() -> None:
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
