"""What a process that was started sees; importing this imports no torch."""

from __future__ import annotations

import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from fsrbench.methods.isolation.fork_server import Surroundings


def report(connection: Connection, surroundings: Surroundings) -> None:
    """Send what there is, and write a line to standard error."""
    had_torch = "torch" in sys.modules
    surroundings.take()
    os.write(2, b"from the process\n")
    connection.send({"torch": had_torch, "environment": dict(os.environ), "folder": str(Path.cwd())})
