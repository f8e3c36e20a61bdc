"""Processes that start without importing torch: on Linux they are forks of a server that has done only that.

Each takes 0.2 s of CPU time instead of 2 s. The server runs until this process ends, as Python's own does.
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
    """The context that starts processes; a fork server begins to import torch in the background.

    The server has one thread when it forks: torch starts its own at the first computation, OpenBLAS ends those of NumPy
    before a fork. Each process imports fsrbench itself, along the import path of the process that starts it.
    """
    context = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        context.set_forkserver_preload(["torch"])
        before = os.environ.get(SAFE_PATH)
        os.environ[SAFE_PATH] = "1"  # else the server would import modules of the current folder
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
            # Else the server would live as long as this process, and end if a method wrote into this descriptor
            with suppress(AttributeError, TypeError, OSError):
                os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
