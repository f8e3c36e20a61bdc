"""From a run to the slices in which its methods fail."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from fsrbench.errors import UserError, unknown_name
from fsrbench.files.labels import Labels
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import LR
from fsrbench.slices.columns import columns_of
from fsrbench.slices.conditions import Slice, text_of
from fsrbench.slices.held_out import HeldOut, judge
from fsrbench.slices.search import LEAST_PEOPLE, Scored, search
from fsrbench.stats.corrections import LEVEL, holm
from fsrbench.stats.intervals import people

CONTROLS: Final = ("bicubic", LR)
"""Rows that any method should beat: images that are hard for these are hard for all."""
NONE: Final = "none"
LEAST: Final = 4 * LEAST_PEOPLE
"""Minimum people: half of them are searched, and a slice and its rest need :data:`LEAST_PEOPLE` each."""


@dataclass(frozen=True)
class FoundSlice:
    """A slice in which a method's scores are worse, and its test on the held-out people."""

    method: str
    conditions: Slice
    images: int
    """Of the whole run, both halves."""
    people: int
    held_out: HeldOut
    sign: int
    """1 if higher scores are worse, else -1."""
    p_corrected: float = math.nan
    """Corrected by Holm over all slices of the call."""

    @property
    def text(self) -> str:
        """Its conditions."""
        return text_of(self.conditions)

    @property
    def confirmed(self) -> bool:
        """Whether scores are worse here on the held-out people as well, by more than chance."""
        return self.p_corrected < LEVEL and self.held_out.effect > 0

    @property
    def effect(self) -> tuple[float, float, float]:
        """Mean score in the slice minus mean elsewhere and its 95 % interval, in the metric's unit and direction."""
        held = self.held_out
        ends = sorted((self.sign * held.ci_low, self.sign * held.ci_high))
        return self.sign * held.effect, ends[0], ends[1]


@dataclass(frozen=True, eq=False)
class Found:
    """Result of a search."""

    run: RunData
    metric: MetricInfo
    base: str | None
    """The method whose scores were subtracted."""
    methods: tuple[str, ...]
    slices: tuple[FoundSlice, ...]
    images: int
    """Number with scores of all methods."""
    people: tuple[int, int]
    """Number searched and held out."""
    columns: tuple[str, ...]
    """The columns searched."""
    left_out: tuple[str, ...]
    """The columns that could not be searched, and why."""
    seed: int


def control(run: RunData, metric: str, chosen: str | None, methods: Sequence[str] | None) -> str | None:
    """The row whose scores are subtracted: by default the first of :data:`CONTROLS` with any, if others are searched.

    Args:
        run: the run.
        metric: whose scores.
        chosen: a method, :data:`NONE`, or ``None`` for the default.
        methods: to search; all by default.
    """
    if chosen is not None:
        return None if chosen == NONE else chosen
    searched = set(methods or run.methods)
    scored = (row for row in CONTROLS if row in run.per_image(metric).columns)
    return next((row for row in scored if not methods or row not in searched), None) if searched - {*CONTROLS} else None


def find_slices(
    run: RunData,
    methods: Sequence[str] | None = None,
    metric: str = "psnr",
    base: str | None = None,
    labels: Labels | None = None,
    seed: int = 0,
) -> Found:
    """Search one half of the people for slices in which methods are worse, and test these on the other half.

    Args:
        run: a finished run with properties of its images.
        methods: to search; all by default.
        metric: one with per-image scores and a direction.
        base: subtract this method's scores, image by image: images that are hard for both then form no slice.
        labels: further columns, the label of each image.
        seed: of the halves and of the signs.

    Raises:
        UserError: an unknown name, a metric without scores or direction, too few people, or nothing to search.
    """
    info = _metric(run, metric)
    chosen = tuple(methods or [name for name in _scored(run, info) if name != base])
    scores = _scores(run, info, chosen, base)
    columns, left_out = columns_of(run, scores.index, labels)
    if not columns:
        raise UserError(f"{run.path}: no property of the images differs between them; nothing to search")
    person = np.unique(people(scores.index, run.identities), return_inverse=True)[1]
    held_out = _held_out(person, seed)
    sign = 1 if info.direction == "lower" else -1
    found: list[FoundSlice] = []
    for method in chosen:
        badness = sign * scores[method].to_numpy(dtype=np.float64)
        whole = Scored(badness, tuple(columns), person)
        searched, tested = whole.of(~held_out), whole.of(held_out)
        for conditions in search(searched, seed):
            inside = whole.inside(conditions)
            counts = int(inside.sum()), len(np.unique(person[inside]))
            found.append(FoundSlice(method, conditions, *counts, judge(tested, conditions, seed), sign))
    corrected = holm([each.held_out.p for each in found])
    slices = tuple(replace(each, p_corrected=p) for each, p in zip(found, corrected, strict=True))
    counts = len(np.unique(person[~held_out])), len(np.unique(person[held_out]))
    names = tuple(column.name for column in columns)
    return Found(run, info, base, chosen, slices, len(scores), counts, names, tuple(left_out), seed)


def _scored(run: RunData, info: MetricInfo) -> list[str]:
    """The methods with a finite score: one that failed must not stop the search of the others."""
    known = run.per_image(info.name)
    return [name for name in run.methods if name in known and np.isfinite(known[name]).any()]


def _metric(run: RunData, name: str) -> MetricInfo:
    if name not in run.metrics:
        raise UserError(f"{unknown_name('metric of this run', name, run.metrics)}")
    info = run.metric(name)
    if not (run.scores["metric"] == name).any():
        raise UserError(f"{name} has no per-image scores; choose another with --metric")
    if info.direction == "none":
        raise UserError(f"{name} has no direction, so nothing is worse; choose another with --metric")
    return info


def _scores(run: RunData, info: MetricInfo, methods: Sequence[str], base: str | None) -> pd.DataFrame:
    """Finite scores of the images that all the methods have, minus the base's: one column per method."""
    names = [*methods, *([base] if base else [])]
    known = run.per_image(info.name)
    for name in names:
        if name not in run.rows:
            raise UserError(unknown_name("method of this run", name, run.rows))
        if name not in known:
            raise UserError(f"{name} has no score in {info.name}")
    finite = known[names].replace([np.inf, -np.inf], np.nan).dropna()
    if finite.empty or not methods:
        raise UserError(f"no image has a finite {info.name} of {', '.join(names) or 'any method'}")
    return finite[list(methods)].sub(finite[base], axis=0) if base else finite[list(methods)]


def _held_out(person: np.ndarray, seed: int) -> np.ndarray:
    """Which images are of the people on whom slices are tested: every other one, in a random order."""
    count = int(person.max()) + 1
    if count < LEAST:
        raise UserError(f"{count} people are too few to search half of them and test on the others: at least {LEAST}")
    tested: np.ndarray = np.random.default_rng(seed).permutation(count)[person] % 2 == 1
    return tested
