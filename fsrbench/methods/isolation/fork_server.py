"""Processes that start without importing torch: on Linux they are forks of a server that has done only that.

Each takes 0.2 s of CPU time instead of 2 s. The server runs until this process ends, as Python's own does, and serves
its forks, too: a cluster's workers start their methods' processes by the server that started them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any, Final

METHOD: Final = "forkserver" if sys.platform == "linux" else "spawn"
"""How processes are started. macOS has libraries that do not survive a fork, Windows has no fork."""
SAFE_PATH: Final = "PYTHONSAFEPATH"
SERVED: Final = "FSRBENCH_FORK_SERVER"
"""Environment variable of a server that was started here, which its forks inherit."""
_STARTING: Final = threading.Lock()


def starting_context() -> BaseContext:
    """The context that starts processes; a fork server begins to import torch in the background.

    The server has one thread when it forks: torch starts its own at the first computation, OpenBLAS ends those of NumPy
    before a fork. Each process imports fsrbench itself, along the import path of the process that starts it.
    """
    context = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver" and not _keep_server():
        context.set_forkserver_preload(["torch"])
        with _STARTING:  # else a thread could take what another one sets for what was there before
            before = {name: os.environ.get(name) for name in (SAFE_PATH, SERVED)}
            _forget_if_not_ours(forkserver._forkserver)
            # A safe path, or the server would import modules of the current folder
            os.environ |= dict.fromkeys(before, "1")
            try:
                resource_tracker.ensure_running()  # begun by the next call, it would unblock the signal
                # A terminal sends Ctrl-C to all its processes: the server would print where in torch's import it was
                blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
                try:
                    forkserver.ensure_running()
                finally:
                    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            finally:
                for name, value in before.items():
                    _set(name, value)
    return context


def _set(variable: str, value: str | None) -> None:
    if value is None:
        del os.environ[variable]
    else:
        os.environ[variable] = value


def _forget_if_not_ours(server: Any) -> None:
    """Let a copy that ``os.fork`` made of this process start a server of its own: Python would wait for its parent's.

    So it would for one that ended while the process ignored the end of its children.
    """
    if server._forkserver_pid is None:
        return
    try:
        os.waitid(os.P_PID, server._forkserver_pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        os.close(server._forkserver_alive_fd)
        server._forkserver_address = server._forkserver_alive_fd = server._forkserver_pid = None


def _keep_server() -> bool:
    """If this process is a fork of such a server, let that start its processes; Python would start another server."""
    server: Any = forkserver._forkserver
    if "ensure_running" in vars(server):
        return True
    # From Python 3.14 on a fork lacks the key to its server
    unknown = server._forkserver_address is None or getattr(server, "_forkserver_authkey", b"") is None
    if SERVED not in os.environ or server._forkserver_pid is not None or unknown:
        return False
    server.ensure_running = partial(_ensure_running, server, os.getppid())
    return True


def _ensure_running(server: Any, pid: int) -> None:
    """Start a server of this process's own if the one that it is a fork of has ended."""
    if os.getppid() != pid:
        del server.ensure_running
        server._forkserver_address = None
        starting_context()


@dataclass(frozen=True)
class Surroundings:
    """What a spawned process inherits but a fork of the server must be given: environment and standard error."""

    environment: dict[str, str]
    stderr: Any
    """A connection whose file is this process's standard error; ``None`` if processes are spawned."""

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Those of this process, to send to one that it starts."""
        stderr = Connection(os.dup(2), readable=False) if METHOD == "forkserver" else None
        return cls(dict(os.environ), stderr)

    def take(self) -> None:
        """Apply them to this process."""
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        if self.stderr is not None:
            os.dup2(self.stderr.fileno(), 2)
            self.stderr.close()
            handler = signal.signal(signal.SIGINT, signal.SIG_IGN)  # drops one that came while this process started
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            signal.signal(signal.SIGINT, handler)
            # Else the server would live as long as this process, and end if a method wrote into this descriptor
            with suppress(AttributeError, TypeError, OSError):
                os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
