"""Recompute numbers from scores per image, or from pseudo-values of blocks of images."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from fsrbench.bundle.known import KNOWN, Kind, is_speed
from fsrbench.bundle.schema import Result, Summary
from fsrbench.provenance.versions import versions
from fsrbench.runs.columns import too_many_failed
from fsrbench.runs.preference import JUDGED
from fsrbench.stats.intervals import block_interval, mean_interval, people
from fsrbench.stats.jackknife import blocks_of

SAME: Final = 1e-9
"""Relative tolerance of a number, as sums depend on their order."""
SAME_DRAWS: Final = 1e-6
"""Tolerance of an interval's ends, relative to its width, with the same libraries, whose draws are the same."""
OTHER_DRAWS: Final = 0.1
"""The same with other versions of NumPy or SciPy, whose bootstrap may draw differently."""
DRAWING: Final = ("numpy", "scipy")


class SummaryCheck:
    """Compares a result's numbers with its scores.

    Args:
        result: with the numbers.
        scores: ``image, metric, value, status``.
        blocks: ``metric, block, value``.
        failed: images for which the method made no picture.
    """

    def __init__(self, result: Result, scores: pd.DataFrame, blocks: pd.DataFrame, failed: Container[str]) -> None:
        self._result = result
        self._images = [image.id for image in result.images]
        self._identities = {image.id: image.identity for image in result.images}
        self._scores = {str(metric): rows for metric, rows in scores.groupby("metric", sort=False)}
        self._blocks = {str(metric): rows["value"].to_numpy() for metric, rows in blocks.groupby("metric", sort=False)}
        self._failed = failed
        same = all(result.versions.get(name) == versions().get(name) for name in DRAWING)
        self._draws = SAME_DRAWS if same else OTHER_DRAWS

    def strangers(self) -> Iterator[str]:
        """Scores of metrics that the result does not have."""
        known = {row.metric for row in self._result.summaries}
        for metric in sorted((self._scores.keys() | self._blocks.keys()) - known):
            yield f"of {metric}, which the result does not have"

    def is_free(self, row: Summary) -> bool:
        """Whether nothing else in the bundle determines the number."""
        known = KNOWN.get(row.metric)
        if row.value is None or is_speed(row.metric) or row.metric in JUDGED:
            return False
        if known and known.kind is Kind.OWN:
            return True
        if row.metric in self._scores:
            return known is None and bool(list(self._mean(row, self._scores[row.metric])))
        return row.metric not in self._blocks

    def number(self, row: Summary) -> tuple[str, list[str]]:
        """What was recomputed of a metric's number, and what does not agree."""
        mismatches = [*_plausible(row), *self._missing(row)]
        if row.metric in self._scores:
            rows = self._scores[row.metric]
            mismatches += self._complete(row, rows)
            known = KNOWN.get(row.metric)
            mean = list(self._mean(row, rows))
            if known is None or known.kind is Kind.OWN:
                return f"has {len(rows)} scores" if mean else "is the mean of its scores", mismatches
            return "number, interval and n are those of its scores", mismatches + mean
        if row.metric in self._blocks and row.value is not None:
            return "number and interval are those of its blocks", mismatches + list(self._of_blocks(row))
        return "is plausible" if row.value is not None else f"{row.status}, without a number", mismatches

    def _missing(self, row: Summary) -> Iterator[str]:
        """Scores that are missing although fsrbench's own metric would have them."""
        known = KNOWN.get(row.metric)
        has_scores = known and known.kind in (Kind.MEAN, Kind.OWN)
        if has_scores and row.status == "ok" and row.metric not in self._scores:
            yield "a number without a score of any image"
        if known and known.kind is Kind.SET and row.n > len(self._images):
            yield f"n is {row.n}, and there are {len(self._images)} images"

    def _complete(self, row: Summary, rows: pd.DataFrame) -> Iterator[str]:
        """Whether there is one score for each image, and each may be."""
        there, wanted = set(rows["image"]), set(self._images)
        if missing := [image for image in self._images if image not in there]:
            yield f"no score of {len(missing)} of {len(self._images)} images, e.g. {missing[0]}"
        if extra := sorted(there - wanted):
            yield f"scores of {len(extra)} images that are not the run's, e.g. {extra[0]}"
        values, known = rows["value"].to_numpy(), KNOWN.get(row.metric)
        unsaid = rows[np.isnan(values) == (rows["status"] == "ok").to_numpy()]
        if len(unsaid):
            first = unsaid.iloc[0]
            yield f"the score of {first['image']} is {_text(first['value'])} and called {first['status']}"
        if np.isinf(values).any() and known and not known.infinite:
            yield f"the score of {rows['image'][np.isinf(values)].iloc[0]} is infinite"
        if known and (beyond := (values < known.low) | (values > known.high)).any():
            worst = rows[beyond].iloc[0]
            yield f"the score of {worst['image']} is {worst['value']:g}, beyond {known.low:g} to {known.high:g}"
        yield from self._infinite(list(rows[np.isposinf(values)]["image"]))

    def _infinite(self, images: Sequence[str]) -> Iterator[str]:
        """Infinite scores say that SR is HR, which their hashes can contradict."""
        by_id = {image.id: image for image in self._result.images}
        for image in (by_id[name] for name in images if name in by_id):
            if image.sr and image.hr and image.sr != image.hr:
                yield f"the score of {image.id} is infinite, and its picture is not the HR picture"
                return

    def _mean(self, row: Summary, rows: pd.DataFrame) -> Iterator[str]:
        """Differences between the number and the mean of the scores, taken as in a run."""
        scored = rows[rows["status"] != "failed"]
        finite = scored[np.isfinite(scored["value"].to_numpy())]
        failed = int((rows["status"] == "failed").sum())
        status = "failed" if too_many_failed(failed, len(self._images)) else "ok" if len(finite) else "invalid"
        if row.status != status:
            yield f"is called {row.status}; {failed} of {len(self._images)} images failed, which is {status}"
        values = finite["value"].to_numpy(dtype=float)
        if row.n != len(values):
            yield f"n is {row.n}, and there are {len(values)} finite scores"
        mean = float(values.mean()) if len(values) else math.nan
        if not _near(row.value, mean, SAME * max(1.0, abs(mean))):
            yield f"is {_text(row.value)}, the mean of the scores {_text(mean)}"
        if len(values):
            rate = row.unit == "fraction" and bool(((values >= 0) & (values <= 1)).all())
            clusters = people(finite["image"], self._identities)
            yield from self._interval(row, mean_interval(values, self._result.seed, clusters, rate))

    def _of_blocks(self, row: Summary) -> Iterator[str]:
        """Differences between number and interval and those of the blocks' pseudo-values, whose mean is the number."""
        values = self._blocks[row.metric]
        mean = float(values.mean())
        if not _near(row.value, mean, 1e-6 * max(1e-3, abs(mean), float(np.ptp(values)))):
            yield f"is {_text(row.value)}, the mean of its blocks {_text(mean)}"
        images = [image for image in self._images if image not in self._failed]
        block = blocks_of(people(images, self._identities))
        if block is not None and len(images) == row.n and len(np.unique(block)) == len(values):
            yield from self._interval(row, block_interval(mean, values, np.bincount(block)))

    def _interval(self, row: Summary, expected: tuple[float, float]) -> Iterator[str]:
        low, high = expected
        allowed = self._draws * abs(high - low) + SAME * max(1.0, abs(low), abs(high))
        if not (_near(row.ci_low, low, allowed) and _near(row.ci_high, high, allowed)):
            claimed = f"{_text(row.ci_low)} to {_text(row.ci_high)}"
            yield f"its interval is {claimed}, that of its scores {_text(low)} to {_text(high)}"


def _plausible(row: Summary) -> Iterator[str]:
    """What is impossible, whatever the scores."""
    if row.status not in ("ok", "failed") and row.value is not None:
        yield f"is called {row.status} and has a number"
    if row.status == "ok" and row.value is None:
        yield "is called ok and has no number"
    known = KNOWN.get(row.metric)
    if known and row.value is not None and not known.low <= row.value <= known.high:
        yield f"is {row.value:g}, beyond {known.low:g} to {known.high:g}"
    ends = (row.ci_low, row.value, row.ci_high)
    mean = known is not None and known.kind is Kind.MEAN  # a skewed mean's interval need not hold it
    if not mean and None not in ends and not row.ci_low - SAME <= row.value <= row.ci_high + SAME:  # type: ignore[operator]
        yield f"is {_text(row.value)}, outside its interval {_text(row.ci_low)} to {_text(row.ci_high)}"


def _near(claimed: float | None, expected: float, allowed: float) -> bool:
    if claimed is None or math.isnan(expected):
        return claimed is None and math.isnan(expected)
    return abs(claimed - expected) <= allowed


def _text(value: float | None) -> str:
    return "none" if value is None or math.isnan(value) else f"{value:.6g}"
