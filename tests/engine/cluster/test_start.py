"""A cluster's start is not interrupted halfway: Dask would close it with pages of traceback."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager, nullcontext

import pytest

from fsrbench.engine.cluster import start
from fsrbench.machine.console import Reporter


def test_ctrl_c_waits_until_all_workers_have_started(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []

    class Starting:
        """A cluster that gets Ctrl-C while it starts."""

        def __init__(self, **_: object) -> None:
            signal.raise_signal(signal.SIGINT)
            told.append("started")

        def __enter__(self) -> None:
            told.append("entered")

        def __exit__(self, *_: object) -> None:
            told.append("closed")

    def connect(*_: object, **__: object) -> AbstractContextManager[None]:
        told.append("connected")
        return nullcontext()

    monkeypatch.setattr(start, "LocalCluster", Starting)
    monkeypatch.setattr(start, "Client", connect)
    with pytest.raises(KeyboardInterrupt), start.start(2, Reporter()):
        told.append("used")
    assert told == ["started", "entered", "closed"]
