"""A started process has torch at once, and the environment of the process that started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from made.forked import report, report_parents, run_python

from fsrbench.methods.isolation import fork_server
from fsrbench.methods.isolation.fork_server import SAFE_PATH, Surroundings, starting_context

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are spawned"),
]


def reported() -> dict[str, Any]:
    found: dict[str, Any] = sent(report, Surroundings.of_this_process())
    return found


def sent(target: Callable[..., None], *arguments: Any) -> Any:
    """What a started process sends."""
    context: Any = starting_context()
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments))
    process.start()
    assert ours.poll(120)
    found = ours.recv()
    process.join()
    assert process.exitcode == 0
    return found


def test_what_changes_after_the_server_began_reaches_later_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    first = reported()
    monkeypatch.setenv("MADE_LATER", "yes")
    monkeypatch.delenv("HOME")
    monkeypatch.chdir(tmp_path)
    capfd.readouterr()
    later = reported()
    assert first["torch"]
    assert later["torch"]
    assert later["environment"] == dict(os.environ)
    assert later["environment"].get(SAFE_PATH) == os.environ.get(SAFE_PATH)
    assert later["folder"] == str(tmp_path)
    assert capfd.readouterr().err == "from the process\n"


def test_the_server_has_one_thread_when_it_forks() -> None:
    """Locks that other threads hold would stay locked in a fork."""
    reported()
    assert psutil.Process(forkserver._forkserver._forkserver_pid).num_threads() == 1  # type: ignore[attr-defined]


def test_forks_start_their_processes_by_the_server_that_they_are_forks_of() -> None:
    reported()
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    assert sent(report_parents) == [pid, pid]


def test_a_fork_whose_server_has_ended_gives_it_up() -> None:
    server = SimpleNamespace(ensure_running=None, _forkserver_address="of the server")
    fork_server._ensure_running(server, os.getppid())
    assert server._forkserver_address == "of the server"
    fork_server._ensure_running(server, os.getppid() + 1)
    assert server == SimpleNamespace(_forkserver_address=None)


def test_a_server_that_is_no_child_of_this_process_is_forgotten() -> None:
    """As in a fork of the process that started it: Python would raise that there is no such child."""
    read, write = os.pipe()
    server = SimpleNamespace(_forkserver_pid=os.getppid(), _forkserver_alive_fd=write, _forkserver_address="of another")
    fork_server._forget_if_not_ours(server)
    assert server == SimpleNamespace(_forkserver_pid=None, _forkserver_alive_fd=None, _forkserver_address=None)
    assert os.read(read, 1) == b""  # this process no longer keeps it running
    os.close(read)
    reported()
    own: Any = forkserver._forkserver
    before = dict(vars(own))
    fork_server._forget_if_not_ours(own)
    assert vars(own) == before


def test_ctrl_c_does_not_reach_a_server_that_is_starting() -> None:
    code = """
import os, signal
from multiprocessing import forkserver
from fsrbench.methods.isolation.fork_server import SERVED, starting_context
from made.forked import Surroundings, report
os.environ.pop(SERVED, None)  # so that it starts a server of its own
context = starting_context()
server = forkserver._forkserver._forkserver_pid
os.kill(server, signal.SIGINT)
ours, theirs = context.Pipe()
context.Process(target=report, args=(theirs, Surroundings.of_this_process())).start()
found = ours.recv()
print(found["parent"] == server, found["blocked"], signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""
    done = run_python(code)
    assert done.stdout == "True [] set()\n", done.stderr
    assert done.stderr == "from the process\n"


def test_threads_that_start_it_at_once_leave_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "ensure_running", lambda: time.sleep(0.01))
    before = dict(os.environ)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(8):
            threads.submit(starting_context)
    assert dict(os.environ) == before


def test_modules_of_the_current_folder_are_not_imported_by_the_server(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('imported from the current folder')\n")
    code = (
        "import sys; from fsrbench.methods.isolation.fork_server import starting_context; from made.forked import *\n"
        "if __name__ == '__main__':\n"
        "    sys.path.remove(''); context = starting_context(); ours, theirs = context.Pipe()\n"
        "    context.Process(target=report, args=(theirs, Surroundings.of_this_process())).start()\n"
        "    print(ours.recv()['torch'])\n"
    )
    command = [sys.executable, "-c", code]
    path = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"PYTHONPATH": path}
    environment.pop(SAFE_PATH, None)  # the process has the current folder in its path, the server does not
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr
