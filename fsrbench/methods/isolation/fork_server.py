"""New processes that need not import torch: on Linux they are forks of one process that has done nothing else.

That takes 0.2 s of CPU time a process instead of 2 s. The server runs until this process ends, as Python's own does.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any, Final

METHOD: Final = "forkserver" if sys.platform == "linux" else "spawn"
"""How processes are started. macOS has libraries that do not survive a fork, Windows has no fork."""
SAFE_PATH: Final = "PYTHONSAFEPATH"


def starting_context() -> BaseContext:
    """What starts processes; where that is a server of forks, it begins to import torch, and nobody waits for it.

    The server has one thread when it forks: torch starts its own at the first computation, OpenBLAS ends those of NumPy
    before a fork. fsrbench itself is imported by each process, along the path of the process that asks.
    """
    context = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        context.set_forkserver_preload(["torch"])
        before = os.environ.get(SAFE_PATH)
        os.environ[SAFE_PATH] = "1"  # the server would import the modules of the current folder
        try:
            forkserver.ensure_running()
        finally:
            _set(SAFE_PATH, before)
    return context


def _set(variable: str, value: str | None) -> None:
    if value is None:
        del os.environ[variable]
    else:
        os.environ[variable] = value


@dataclass(frozen=True)
class Surroundings:
    """What a spawned process inherits and a fork of the server must be given: environment and standard error."""

    environment: dict[str, str]
    stderr: Any
    """A connection whose file is this process's standard error; none where processes are spawned."""

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Those of this process, to be sent to one that it starts."""
        stderr = Connection(os.dup(2), readable=False) if METHOD == "forkserver" else None
        return cls(dict(os.environ), stderr)

    def take(self) -> None:
        """Make them those of this process."""
        if dict(os.environ) != self.environment:
            os.environ.clear()
            os.environ.update(self.environment)
        if self.stderr is not None:
            os.dup2(self.stderr.fileno(), 2)
            self.stderr.close()
            # Else the server lives as long as this process, and ends if a method writes into whatever is open
            with suppress(AttributeError, TypeError, OSError):
                os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
