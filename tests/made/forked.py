"""Processes that are started, most as forks of one with torch; importing this imports no torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from fsrbench.methods.isolation.fork_server import METHOD, Surroundings, starting_context

COMMAND_LINE = "from fsrbench.cli.app import main; main()"
"""What the console script does."""


def report(connection: Connection, surroundings: Surroundings) -> None:
    """Send what there is, and write a line to standard error."""
    had_torch = "torch" in sys.modules
    surroundings.take()
    os.write(2, b"from the process\n")
    connection.send({"torch": had_torch, "environment": dict(os.environ), "folder": str(Path.cwd())})


def run_python(
    code: str, *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``python -c code arguments`` in a process of its own, with what it printed.

    It has torch and nothing else of this process; as a fork of the server of forks it need not import it, which takes
    two CPU seconds.
    """
    words, folder, environment = [str(a) for a in arguments], str(cwd or Path.cwd()), dict(env or os.environ)
    if METHOD != "forkserver":
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        ends = [Connection(os.dup(file.fileno()), readable=False) for file in (stdout, stderr)]
        context: Any = starting_context()
        given = (code, words, folder, Surroundings(environment, ends[1]), ends[0])
        process = context.Process(target=_execute, args=given)
        process.start()
        for end in ends:
            end.close()
        process.join()
        printed = []
        for file in (stdout, stderr):
            file.seek(0)
            printed.append(file.read().decode())
    return subprocess.CompletedProcess(["python", "-c", code, *words], process.exitcode, *printed)


def _execute(code: str, words: list[str], folder: str, surroundings: Surroundings, stdout: Connection) -> None:
    surroundings.take()
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    os.chdir(folder)
    sys.argv = ["-c", *words]
    sys.path[:0] = ["", *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
