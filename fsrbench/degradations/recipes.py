"""All degradations by name, and which tasks each suits."""

from __future__ import annotations

from typing import Final

from fsrbench.degradations import realworld, wild
from fsrbench.degradations.base import Degradation
from fsrbench.degradations.blind import BLIND
from fsrbench.degradations.fixed import FIXED
from fsrbench.degradations.strengths import STRENGTHS, of_strength
from fsrbench.errors import UserError, unknown_name
from fsrbench.tasks import Task

DEGRADATIONS: Final[dict[str, Degradation]] = {
    d.name: d
    for d in (
        *FIXED,
        Degradation("realworld", realworld.PROTOCOL, realworld.realworld, restores=True),
        Degradation("wild", wild.PROTOCOL, wild.wild, restores=True),
        *BLIND,
    )
}
"""Degradations without a strength."""


def find_degradation(name: str) -> Degradation:
    """A degradation by name, or by name and strength: ``noise:10``.

    Raises:
        UserError: unknown (the message suggests the nearest), or a strength outside its range.

    Example:
        >>> find_degradation("noise:10").protocol
        "Pillow BICUBIC, antialiased, then Gaussian noise, sigma 10 of 255, by the image's id"
    """
    kind, _, number = name.partition(":")
    if kind in STRENGTHS:
        return of_strength(kind, number)
    if name in DEGRADATIONS:
        return DEGRADATIONS[name]
    known = [*DEGRADATIONS, *(f"{kind}:STRENGTH" for kind in STRENGTHS)]
    raise UserError(unknown_name("degradation", name, known))


def check_task(degradation: Degradation, task: Task) -> None:
    """Refuse a degradation that cannot make the LR of a task.

    Raises:
        UserError: LR would equal HR, or halvings do not reach its size; the message names what suits.

    Example:
        >>> check_task(find_degradation("gfpgan"), Task(512, 1))
    """
    if degradation.suits(task):
        return
    name = degradation.name if degradation.strength is None else f"{degradation.name}:{degradation.strength:g}"
    suiting = ", ".join(d.name for d in DEGRADATIONS.values() if d.suits(task))
    reason = "leaves LR equal to HR" if task.is_restoration else f"only halves, which gives no scale of {task.scale}"
    strengths = ", ".join(f"{kind}:STRENGTH" for kind in STRENGTHS)
    raise UserError(f"degradation {name} {reason} in task {task.name}; use {suiting}, {strengths}")
