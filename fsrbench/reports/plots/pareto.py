"""The Pareto front of points of speed and quality. Needs no matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class HasPlace(Protocol):
    """A point."""

    @property
    def x(self) -> float:
        """Time: lower is better."""

    @property
    def y(self) -> float:
        """Quality."""


Placed = TypeVar("Placed", bound=HasPlace)


def pareto_front(points: Sequence[Placed], lower_is_better: bool) -> list[Placed]:
    """The points that no other point beats in latency and quality, from fast to slow.

    Values decide, not tests: "not distinguishable" is not transitive, so it makes no order to draw.
    """
    front: list[Placed] = []
    sign = -1 if lower_is_better else 1
    for point in sorted(points, key=lambda point: (point.x, -sign * point.y)):
        if not front or sign * point.y > sign * front[-1].y:
            front.append(point)
    return front
