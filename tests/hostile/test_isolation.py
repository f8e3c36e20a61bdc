"""``--isolate``: methods that hang, crash or eat the memory are stopped and told, the others score as ever."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
import torch
from made import Finished, call, picture_files, run, write_files
from made.forked import run_python
from made.hostile.bad_methods import FINE, MODULE, ONE_BY_ONE, SURE, method
from made.hostile.watch import running, started_since, within

from fsrbench.errors import Unavailable
from fsrbench.methods.isolation.child import Setting, receive, send, serve
from fsrbench.methods.isolation.fork_server import Surroundings, starting_context
from fsrbench.methods.isolation.parent import IsolatedMethod, Limits, MethodDied
from fsrbench.tasks import TASKS

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(os.name != "posix", reason="looks at processes as POSIX has them"),
]


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with the methods' module, importable."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "made_isolated.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    sys.modules.pop("made_isolated", None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files(f"{i}.png" for i in range(4)))


@pytest.fixture(scope="module")
def before() -> set[psutil.Process]:
    """What earlier tests of this process have started and still use, such as a browser."""
    return set(running())


@pytest.fixture(scope="module")
def isolated(
    before: set[psutil.Process], data: Path, module: Path, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """One run of all methods, good and bad."""
    names = [*map(method, (*FINE, "Mixed", *SURE))]
    flags = ("--isolate", "--timeout", 5, "--memory-limit", 1, "--metrics", "psnr,ssim,params,flops,latency_ms")
    sys.modules.pop("made_isolated", None)
    with within(240):
        return run(data, tmp_path_factory.mktemp("isolated") / "out", *flags, methods=",".join(names))


def test_module_is_not_imported_here(isolated: Finished) -> None:
    assert isolated.code == 1
    assert "made_isolated" not in sys.modules


def test_good_method_scores_as_without_isolation(isolated: Finished, data: Path, tmp_path: Path) -> None:
    name = method("Good")
    free = run(data, tmp_path / "out", "--metrics", "psnr,ssim,params,flops", methods=name)
    sys.modules.pop("made_isolated", None)
    assert free.code == 0
    scores = isolated.scores.query("method == @name").reset_index(drop=True)
    pd.testing.assert_frame_equal(scores, free.scores, check_exact=True)
    summary = isolated.summary.query("method == @name and metric != 'latency_ms'").reset_index(drop=True)
    assert summary.to_csv(index=False) == free.summary.to_csv(index=False)
    assert isolated.manifest["methods"][name] == free.manifest["methods"][name]


@pytest.mark.parametrize("name", SURE)
def test_bad_method_has_its_reason(isolated: Finished, name: str) -> None:
    for metric in ("psnr", "ssim"):
        assert isolated.status(method(name), metric) == "failed"
        assert SURE[name] in isolated.note(method(name), metric)
        assert "on 4 of 4 images" in isolated.note(method(name), metric)
    lines = [line for line in isolated.stderr.splitlines() if line.startswith(f"warning: {method(name)} ")]
    assert len(lines) == 1


def test_what_is_raised_and_returned_reads_as_without_isolation(isolated: Finished) -> None:
    assert isolated.manifest["methods"][method("Mixed")]["failed_images"] == ONE_BY_ONE


def test_unavailable_stays_unavailable(module: Path) -> None:
    with pytest.raises(Unavailable, match="does x8, not x4"):
        IsolatedMethod("progressive", Limits(), False, {}).load(TASKS["x4"], torch.device("cpu"))


@pytest.mark.parametrize("name", FINE)
def test_odd_method_is_scored(isolated: Finished, name: str) -> None:
    assert isolated.status(method(name)) == "ok"
    assert isolated.values(method(name)) == isolated.values(method("Good"))


def test_times_are_not_taken(isolated: Finished) -> None:
    assert isolated.status(method("Good"), "latency_ms") == "invalid"
    assert "--isolate" in isolated.note(method("Good"), "latency_ms")


def test_standard_output_is_the_tables(isolated: Finished) -> None:
    assert "at me" not in isolated.stdout


def test_nothing_is_left_running(before: set[psutil.Process], isolated: Finished) -> None:
    end = time.monotonic() + 5
    while (left := started_since(before)) and time.monotonic() < end:
        time.sleep(0.1)
    assert not left


def test_manifest_records_isolation(isolated: Finished) -> None:
    spec = isolated.manifest["spec"]
    assert (spec["isolate"], spec["timeout"], spec["memory_limit"]) == (True, 5, 1)


def test_what_timed_out_is_tried_again(isolated: Finished) -> None:
    """An isolated run's store keeps no failure that more time may mend."""
    kept = list((isolated.path / "cache" / "pictures").glob("*.npz"))
    assert len(kept) == len(FINE) + 1  # Mixed's failures are its own


def test_hanging_load_is_stopped(module: Path) -> None:
    with within(60), pytest.raises(MethodDied, match="timed out after 1 s"):
        IsolatedMethod(method("HangsInLoad"), Limits(1), False, {}).load(TASKS["x4"], torch.device("cpu"))


@pytest.mark.parametrize("name", ["python:not_there_at_all:X", method("NotThere"), "bicubik", "onxx:x", "hr"])
def test_wrong_name_is_unusable_input_in_one_line(data: Path, module: Path, tmp_path: Path, name: str) -> None:
    result = run(data, tmp_path / "out", "--isolate", methods=name)
    assert result.code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "flags", [["--timeout", 5], ["--memory-limit", 5], ["--isolate", "--timeout", 0], ["--isolate", "--timeout", "nan"]]
)
def test_limits_need_isolation_and_a_sense(data: Path, tmp_path: Path, flags: list[object]) -> None:
    result = call("run", "--methods", "bicubic", "--data", data, "--out", tmp_path / "out", *flags)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1


def test_process_ends_with_a_killed_run(module: Path) -> None:
    code = f"""
import os, signal, sys, threading
import psutil, torch
from fsrbench.methods.isolation.fork_server import SERVED
from fsrbench.methods.isolation.parent import IsolatedMethod, Limits
from fsrbench.tasks import TASKS
sys.path.insert(0, {str(module)!r})
os.environ.pop(SERVED, None)  # so that it starts a server of its own
method = IsolatedMethod({method("Hangs")!r}, Limits(), False, {{}})
method.load(TASKS["x4"], torch.device("cpu"))
started = [process.pid for process in psutil.Process().children(recursive=True)]
print(method._process.pid in started, *started, flush=True)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
method.upscale(torch.zeros(1, 3, 16, 16))
"""
    done = run_python(code)
    assert done.returncode == -signal.SIGKILL, done.stderr
    child_among_them, *started = done.stdout.split()
    assert child_among_them == "True"
    assert len(started) >= 2  # the server of forks among them
    end = time.monotonic() + 60
    while (left := [pid for pid in started if psutil.pid_exists(int(pid))]) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left


def test_process_of_a_run_that_was_interrupted_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    context: Any = starting_context()
    here, there = context.Pipe()
    here.close()
    setting = Setting("bicubic", "x4", "cpu", 1, 0, False, {}, os.getpid(), Surroundings.of_this_process())
    process = context.Process(target=serve, args=(there, setting))
    capfd.readouterr()
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_tensors_of_every_kind_arrive() -> None:
    here, there = torch.multiprocessing.get_context("spawn").Pipe()
    tensors = [torch.rand(2, 3), torch.rand(2).half(), torch.zeros(0, 3), torch.tensor(True), torch.ones(2).bfloat16()]
    for tensor in tensors:
        send(here, {"a": 1}, tensor)
        head, got = receive(there)
        assert head["a"] == 1
        assert got is not None
        assert got.dtype == tensor.dtype
        assert torch.equal(got, tensor)
    send(here, {}, torch.zeros(1).expand(2**28))
    assert receive(there)[1].shape == (2**28,)  # type: ignore[union-attr]


def test_method_is_closed_twice_without_harm() -> None:
    IsolatedMethod("bicubic", Limits(), False, {}).close()
