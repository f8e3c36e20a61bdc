"""Progress and warnings on standard error: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0


def silent() -> Reporter:
    """A reporter that says nothing."""
    return Reporter(Console(quiet=True))


class Reporter:
    """Prints to standard error, so that standard output holds only the table."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)

    def say(self, line: str) -> None:
        """Print a plain line."""
        self.console.print(line, markup=False, soft_wrap=True)

    def warn(self, line: str) -> None:
        """Print a line that the user should not miss."""
        self.console.print(f"warning: {line}", style="yellow", markup=False, soft_wrap=True)

    def track(self, work: Iterable[T], total: int, what: str) -> Iterator[T]:
        """Yield the items of ``work`` and show progress."""
        yield from (self._bar if self.console.is_terminal else self._lines)(work, total, what)

    def _bar(self, work: Iterable[T], total: int, what: str) -> Iterator[T]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=self.console) as progress:
            task = progress.add_task(what, total=total)
            for item in work:
                yield item
                progress.advance(task)

    def _lines(self, work: Iterable[T], total: int, what: str) -> Iterator[T]:
        last = time.monotonic()
        for done, item in enumerate(work, 1):
            yield item
            if done == total or time.monotonic() - last >= SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                self.say(f"{what}: {done} of {total}")
