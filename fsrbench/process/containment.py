"""Contain third-party code: it cannot end the program, and its changes of global state are undone."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from fsrbench.errors import EndedProgram, one_line
from fsrbench.process.state import ALARMS, read, restore, settings, signals_here

STREAMS: Final = ("stdin", "stdout", "stderr")


class _Unclosable:
    """A standard stream that third-party code can use but not close: the table must still be written."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def close(self) -> None:
        """Do nothing."""


@contextmanager
def _streams() -> Iterator[None]:
    before = {name: getattr(sys, name) for name in STREAMS}
    for name, stream in before.items():
        if stream is not None:
            setattr(sys, name, _Unclosable(stream))
    try:
        yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)


@contextmanager
def _alarms() -> Iterator[None]:
    """Turn an alarm that would end the program into an error."""
    unset = [number for number in ALARMS if signals_here() and signal.getsignal(number) is signal.SIG_DFL]
    for number in unset:
        signal.signal(number, _ring)
    try:
        yield
    finally:
        for number in unset:
            if signal.getsignal(number) is _ring:
                signal.signal(number, signal.SIG_DFL)


def _ring(number: int, frame: FrameType | None) -> None:
    raise EndedProgram(f"set an alarm that would have ended the program ({signal.Signals(number).name})")


_inside = threading.local()


@contextmanager
def no_exit(callers_alarm: bool = True) -> Iterator[None]:
    """Turn what would end the program into an error, except for what the user or an alarm of the caller raises.

    Not around a ``yield``: the GeneratorExit that closes the generator would be mistaken for the code's own.

    Args:
        callers_alarm: whether to let through an exception that is neither an error nor a known way to end the program,
            because it may come from an alarm that the caller has set.

    Raises:
        EndedProgram: see :func:`contained`.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:
        if callers_alarm and not isinstance(error, SystemExit | GeneratorExit):
            raise
        raise EndedProgram(f"tried to end the program ({one_line(error)})") from error


@contextmanager
def contained(changed: set[str] | None = None) -> Iterator[None]:
    """Run third-party code: it cannot end the program, and its changes of global state are undone.

    If blocks are nested, the outermost restores the state, at its end.

    Args:
        changed: the names of changed settings are added to it.

    Raises:
        EndedProgram: the code called ``sys.exit()`` or raised something else that would end the program.
    """
    if getattr(_inside, "now", False):
        with no_exit(_inside.callers_alarm):
            yield
        return
    checked = settings()
    before = read(checked)
    try:
        _inside.now, _inside.callers_alarm = True, before["alarm"]
        with _streams(), _alarms(), no_exit(before["alarm"]):
            yield
    finally:
        _inside.now = False
        names = restore(checked, before)
        if changed is not None:
            changed.update(names)
