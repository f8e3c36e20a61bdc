"""Tasks: LR size and scale. No heavy imports, because training uses this on bare machines."""

from __future__ import annotations

from dataclasses import dataclass

from fsrbench.errors import one_of


@dataclass(frozen=True)
class Task:
    """LR size in pixels and scale, the same for all methods of a run."""

    name: str
    lr_size: int
    scale: int

    @property
    def hr_size(self) -> int:
        """Side of the HR and SR picture in pixels."""
        return self.lr_size * self.scale


TASKS = {task.name: task for task in (Task("x4", 16, 4), Task("x8", 16, 8))}


def find_task(name: str) -> Task:
    """Look up a task by name.

    Raises:
        UserError: no such task.
    """
    return TASKS[one_of("task", name, tuple(TASKS))]
