"""Loaded by Dask in each worker process of a cluster started here."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Ignore Ctrl-C, which a terminal sends to all its processes: the main process ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
