"""Tasks: LR size and scale. No heavy imports, because training code uses it on bare machines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """What every method of a run has to do."""

    name: str
    lr_size: int
    scale: int

    @property
    def hr_size(self) -> int:
        """Side of the HR and SR picture in pixels."""
        return self.lr_size * self.scale


TASKS = {task.name: task for task in (Task("x4", 16, 4), Task("x8", 16, 8))}
