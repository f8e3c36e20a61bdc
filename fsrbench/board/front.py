"""Quality against time as an SVG drawing: better is up and left, and the Pareto front is joined."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from fsrbench.board.tracks import BoardTrack, Column
from fsrbench.reports.plots.pareto import pareto_front
from fsrbench.runs.digits import significant

WIDTH, HEIGHT = 560, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 16, 46
MOST_NAMED: Final = 8
"""With more methods, only points on the front have labels; the table names all."""
LETTER: Final = 6.4
"""Approximate width of a letter in pixels."""
LATENCY: Final = "latency_ms"
Box = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True)
class Point:
    """A method, in the metrics' units as shown."""

    method: str
    name: str
    x: float
    y: float
    low: float
    """Lower end of the quality's interval; the value if there is none."""
    high: float


@dataclass(frozen=True)
class Label:
    """A name in the drawing."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, eq=False)
class Drawing:
    """The geometry of one drawing, in pixels."""

    machine: str
    quality: Column
    speed: Column
    points: Sequence[Point]

    @cached_property
    def front(self) -> list[Point]:
        """The points on the Pareto front, from fast to slow."""
        return pareto_front(self.points, self.quality.info.direction == "lower")

    @cached_property
    def on_front(self) -> frozenset[str]:
        """The methods on the front."""
        return frozenset(point.method for point in self.front)

    @cached_property
    def _x_range(self) -> tuple[float, float]:
        xs = [math.log10(point.x) for point in self.points]
        room = max(0.12, 0.12 * (max(xs) - min(xs)))
        return min(xs) - room, max(xs) + room

    @cached_property
    def _y_range(self) -> tuple[float, float]:
        low, high = min(point.low for point in self.points), max(point.high for point in self.points)
        room = 0.12 * (high - low) or max(abs(high), 1.0) * 0.1
        return low - room, high + room

    def x(self, value: float) -> float:
        """Distance of a time from the left."""
        low, high = self._x_range
        return LEFT + (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Distance of a quality from the top, where the best is."""
        low, high = self._y_range
        share = (value - low) / (high - low)
        share = share if self.quality.info.direction == "lower" else 1 - share
        return TOP + share * (HEIGHT - TOP - BOTTOM)

    @cached_property
    def x_ticks(self) -> list[tuple[float, str]]:
        """1, 2, 5, 10, ... within the range; three other values if fewer than two are in it."""
        low, high = self._x_range
        found = [
            step * 10.0**power
            for power in range(math.floor(low) - 1, math.ceil(high) + 1)
            for step in ((1, 2, 5) if high - low < 2.5 else (1,))
            if low <= math.log10(step * 10.0**power) <= high
        ]
        if len(found) < 2:
            found = [10 ** (low + share * (high - low)) for share in (0.1, 0.5, 0.9)]
            return [(self.x(value), significant(value, 3)) for value in found]
        return [(self.x(value), f"{value:g}") for value in found]

    @cached_property
    def y_ticks(self) -> list[tuple[float, str]]:
        """Four to nine round numbers."""
        low, high = self._y_range
        power = 10.0 ** math.floor(math.log10((high - low) / 4))
        step = next(size * power for size in (1, 2, 5, 10) if (high - low) / (size * power) <= 8)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        first = math.ceil(low / step)
        return [(self.y(n * step), f"{n * step + 0.0:.{digits}f}") for n in range(first, math.floor(high / step) + 1)]

    @cached_property
    def _corners(self) -> list[tuple[float, float]]:
        """Corners of the front: between two of its methods, the faster one's quality is the best available."""
        corners: list[tuple[float, float]] = []
        for point in self.front:
            if corners:
                corners.append((self.x(point.x), corners[-1][1]))
            corners.append((self.x(point.x), self.y(point.y)))
        corners.append((WIDTH - RIGHT, corners[-1][1]))
        return corners

    @property
    def steps(self) -> str:
        """The front as a line."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self._corners)

    @cached_property
    def labels(self) -> list[Label]:
        """Labels, placed so that they cover no point, line or other label; others are left out."""
        named = self.points if len(self.points) <= MOST_NAMED else self.front
        taken: list[Box] = [(self.x(p.x) - 5, self.y(p.y) - 5, self.x(p.x) + 5, self.y(p.y) + 5) for p in self.points]
        taken += [_box((self.x(p.x), self.y(p.low)), (self.x(p.x), self.y(p.high))) for p in self.points]
        taken += [_box(*line) for line in pairwise(self._corners)]
        found = []
        for point in named:
            if place := self._label(point, taken):
                found.append(place[0])
                taken.append(place[1])
        return found

    def _label(self, point: Point, taken: Sequence[Box]) -> tuple[Label, Box] | None:
        x, y, text = self.x(point.x), self.y(point.y), _short(point.name)
        width = LETTER * len(text)
        for left, base, anchor in (
            *((x + 9, y + 4, "start"), (x - 9, y + 4, "end"), (x, y - 9, "middle"), (x, y + 18, "middle")),
            *((x + 7, y - 8, "start"), (x - 7, y - 8, "end"), (x + 7, y + 16, "start"), (x - 7, y + 16, "end")),
        ):
            start = left - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
            box = (start, base - 10, start + width, base + 3)
            if box[0] < LEFT or box[2] > WIDTH or box[1] < 0 or box[3] > HEIGHT - BOTTOM:
                continue
            if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                return Label(left, base, text, anchor), box
        return None


def drawings(track: BoardTrack, machine: str, most: int = 2) -> list[Drawing]:
    """The drawings of a machine: of the first metric, and of another one, if possible one that is better if lower."""
    speed = next((column for column in track.speeds[machine] if column.info.name == LATENCY), None)
    if speed is None:
        return []
    ranked = [column for column in track.columns if column.ranking.how in {"paired", "intervals", "few"}]
    second = [c for c in ranked if c.info.direction == "lower"] or ranked[1:]
    chosen = list(dict.fromkeys(filter(None, [track.first, *second])))[:most]
    found = [Drawing(machine, quality, speed, _points(track, quality, speed)) for quality in chosen]
    return [drawing for drawing in found if len(drawing.points) > 1]


def _points(track: BoardTrack, quality: Column, speed: Column) -> list[Point]:
    points = []
    for method in track.order:
        time, good = speed.results.get(method), quality.results.get(method)
        if time is None or good is None or not (time.ok and good.ok and time.value > 0):
            continue
        if not (math.isfinite(time.value) and math.isfinite(good.value)):
            continue
        factor = quality.info.factor
        ends = (good.ci_low, good.ci_high) if good.has_interval else (good.value, good.value)
        name = track.entries[method].submission.title
        points.append(Point(method, name, time.value, good.value * factor, ends[0] * factor, ends[1] * factor))
    return points


def _box(start: tuple[float, float], end: tuple[float, float]) -> Box:
    """A thin box around a straight line."""
    (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return x0 - 1, y0 - 1, x1 + 1, y1 + 1


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:20]}…"
