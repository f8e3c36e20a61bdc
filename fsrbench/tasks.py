"""Tasks: LR size and scale. No heavy imports, because training uses this on bare machines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fsrbench.errors import UserError

AUTO: Final = "auto"
"""The task whose sizes are read from the data; see :mod:`fsrbench.datasets.sizes`."""
LEAST_LR: Final = 4
"""Side in pixels."""
MOST_HR: Final = 1024
"""Side in pixels."""
_NAME: Final = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,2})")


@dataclass(frozen=True)
class Task:
    """Side of the LR pictures in pixels and scale, the same for all methods of a run.

    Example:
        >>> Task(128, 4).name, Task(128, 4).hr_size, Task(16, 4).name
        ('128x4', 512, 'x4')
    """

    lr_size: int
    scale: int

    @property
    def name(self) -> str:
        """``LRxSCALE``, such as ``128x4``; ``x4`` and ``x8`` if LR has 16 px."""
        return next((short for short, task in TASKS.items() if task == self), f"{self.lr_size}x{self.scale}")

    @property
    def hr_size(self) -> int:
        """Side of the HR and SR picture in pixels."""
        return self.lr_size * self.scale

    @property
    def sizes(self) -> str:
        """``16 to 64 px``, or ``512 px`` for restoration."""
        return f"{self.hr_size} px" if self.is_restoration else f"{self.lr_size} to {self.hr_size} px"

    @property
    def is_restoration(self) -> bool:
        """Whether LR has HR's size, so that nothing is enlarged: ``512x1``."""
        return self.scale == 1

    def __str__(self) -> str:
        """``x4 (16 to 64 px)`` or ``512x1 (512 px)``."""
        return f"{self.name} ({self.sizes})"


TASKS: Final = {"x4": Task(16, 4), "x8": Task(16, 8)}
"""Tasks with a shorter name than ``LRxSCALE``."""


def find_task(name: str) -> Task:
    """Parse a task's name: ``x4``, ``x8``, or LR's side and the scale, such as ``128x4``.

    Raises:
        UserError: no such name, or sizes that are too small or too large.
    """
    if name in TASKS:
        return TASKS[name]
    if name == AUTO:
        raise UserError("task auto is for runs, which read it from their data; write x4, x8 or LRxSCALE")
    if not (sizes := _NAME.fullmatch(name)):
        raise UserError(f"unknown task {name!r}; write x4, x8 or LRxSCALE, e.g. 128x4 or 512x1")
    task = Task(int(sizes[1]), int(sizes[2]))
    if task.lr_size < LEAST_LR or task.hr_size > MOST_HR:
        limits = f"LR has at least {LEAST_LR} px, HR at most {MOST_HR}"
        raise UserError(f"task {name} is {task.lr_size} to {task.hr_size} px; {limits}")
    return task
