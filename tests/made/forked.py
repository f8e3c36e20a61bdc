"""Processes that are started, most as forks of one with torch; importing this imports no torch."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

from fsrbench.methods.isolation.fork_server import METHOD, Surroundings, starting_context
from made.places import ROOT

COMMAND_LINE = "from fsrbench.cli.app import main; main()"
"""What the console script does."""


def report(connection: Connection, surroundings: Surroundings) -> None:
    """Send what there is, and write a line to standard error."""
    had_torch = "torch" in sys.modules
    surroundings.take()
    os.write(2, b"from the process\n")
    process = {"parent": os.getppid(), "blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, []))}
    connection.send({"torch": had_torch, "environment": dict(os.environ), "folder": str(Path.cwd()), **process})


def report_parents(connection: Connection) -> None:
    """Send the ids of this process's parent, and of that of one that it starts."""
    context: Any = starting_context()
    ours, theirs = context.Pipe()
    context.Process(target=send_parent, args=(theirs,)).start()
    connection.send([os.getppid(), ours.recv()])


def send_parent(connection: Connection) -> None:
    """Send the id of this process's parent."""
    connection.send(os.getppid())


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
        code_first = f"import sys; sys.path.insert(0, '')\n{code}"
        ended = _fork(code_first, ["-c", *words], folder, environment, (stdout.fileno(), stderr.fileno()))
        printed = []
        for file in (stdout, stderr):
            file.seek(0)
            printed.append(file.read().decode())
    return subprocess.CompletedProcess(["python", "-c", code, *words], ended, *printed)


def _fork(code: str, argv: list[str], folder: str, environment: dict[str, str], files: tuple[int, int]) -> int:
    """Run code in a fork of the server, with standard output and error in two open files; its exit code."""
    stdout, stderr = (Connection(os.dup(file), readable=False) for file in files)
    context: Any = starting_context()
    given = (code, argv, folder, Surroundings(environment, stderr), stdout)
    process = context.Process(target=_execute, args=given)
    process.start()
    for end in (stdout, stderr):
        end.close()
    process.join()
    return int(process.exitcode)


def _execute(code: str, argv: list[str], folder: str, surroundings: Surroundings, stdout: Connection) -> None:
    surroundings.take()
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    os.chdir(folder)
    sys.argv = argv
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})


PROGRAM = """#!{python} -ISE
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(asked).to_bytes(8, "big")], [1, 2])
    server.sendall(asked)
    sys.exit(int(server.makefile().read()))
"""


@contextmanager
def command_line_in(folder: Path, name: str = "fsrbench", code: str = COMMAND_LINE) -> Iterator[None]:
    """A program in a folder, such as one on the path of a shell; what it does is done by forks."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    if METHOD != "forkserver":
        program.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n{code}\n")
        program.chmod(0o755)
        yield
        return
    with TemporaryDirectory() as place, socket.socket(socket.AF_UNIX) as listening:  # such addresses are short
        listening.bind(address := f"{place}/socket")
        listening.listen()
        program.write_text(PROGRAM.format(python=sys.executable, address=address))
        program.chmod(0o755)
        threading.Thread(target=_serve, args=(listening, name, code), daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, name: str, code: str) -> None:
    """Carry out what programs ask for, several at once, until nobody listens any more."""
    while True:
        try:
            asking, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(asking, name, code), daemon=True).start()


def _answer(asking: socket.socket, name: str, code: str) -> None:
    """Carry out what a program asks for, and tell it the exit code."""
    with asking:
        length, files, _, _ = socket.recv_fds(asking, 8, 2)
        try:
            with asking.makefile("rb") as sent:
                words, folder, environment = json.loads(sent.read(int.from_bytes(length, "big")))
            ended = _fork(code, [name, *words], folder, environment, (files[0], files[1]))
        finally:
            for file in files:
                os.close(file)
        asking.sendall(str(ended).encode())
