"""What Dask loads first in each worker process of a cluster that is started here."""

from __future__ import annotations

import signal
from typing import Any


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C, which a terminal sends to all its processes, to the main process: it ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
