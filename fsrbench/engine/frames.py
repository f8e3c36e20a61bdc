"""Turn evaluations into a run's data frames: scores per image, summary per method, details and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fsrbench.checks import equality
from fsrbench.engine.results import MethodResults
from fsrbench.errors import FsrbenchError, Invalid, Unavailable, counted
from fsrbench.metrics.base import Metric
from fsrbench.metrics.evaluation import Evaluation, Summary
from fsrbench.runs.columns import (
    BLOCK_COLUMNS,
    CURVE_COLUMNS,
    DETAIL_COLUMNS,
    SCORE_COLUMNS,
    SUMMARY_COLUMNS,
    too_many_failed,
)
from fsrbench.runs.frames import Frames
from fsrbench.stats.intervals import mean_interval, people


class FrameWriter:
    """Collects evaluations, in the order of the rows.

    Args:
        identities: the person on each image, where known.
        seed: of the intervals.
    """

    def __init__(self, identities: Mapping[str, str | None], seed: int) -> None:
        self.identities, self.seed = identities, seed
        self._scores: list[pd.DataFrame] = []
        self._summary: list[dict[str, Any]] = []
        self._details: list[tuple[str, str, str, float]] = []
        self._curves: list[pd.DataFrame] = []
        self._blocks: list[tuple[str, str, str, float]] = []

    def refuse(self, method: str, metric: Metric, error: FsrbenchError) -> None:
        """Add a row without a number."""
        self._row(method, metric, Summary(float("nan"), note=str(error)), status_of(error))

    def add(
        self, method: str, metric: Metric, evaluation: Evaluation, result: MethodResults, unscored: Mapping[str, str]
    ) -> None:
        """Add the rows of one method and metric.

        Args:
            method: which one.
            metric: which one.
            evaluation: the metric's, of the method.
            result: the method's; its ``ids`` are the images of ``evaluation``'s values.
            unscored: those among them that the metric failed on, and why.
        """
        failed = {**result.problems, **unscored}
        if evaluation.values is not None:
            self._per_image(method, metric.name, result, evaluation.values, unscored)
        summary = evaluation.summary or self._mean(metric, result.ids, evaluation.values, failed)
        explained = bool(metric.infinite) and metric.infinite in summary.note  # PSNR's note says that SR equals HR
        equal = "" if explained else equal_to_hr_note(result)
        notes = [n for n in (evaluation.note, summary.note, failures(failed, result.images), equal) if n]
        wrong = too_many_failed(len(failed), result.images)
        status = "failed" if wrong else "invalid" if np.isnan(summary.value) else "ok"
        self._row(method, metric, replace(summary, note="; ".join(notes)), status)
        self._details += [(method, metric.name, name, value) for name, value in evaluation.details.items()]
        for name, points in evaluation.curves.items():
            where = {"method": method, "metric": metric.name, "curve": name}
            self._curves.append(pd.DataFrame(where | {"x": points[:, 0], "y": points[:, 1]}))
        if evaluation.blocks is not None:
            self._blocks += [(method, metric.name, f"block {i}", v) for i, v in enumerate(evaluation.blocks)]

    def frames(self) -> Frames:
        """The frames of everything added."""
        return Frames(
            _stacked(self._scores, SCORE_COLUMNS),
            pd.DataFrame(self._summary, columns=list(SUMMARY_COLUMNS)),
            pd.DataFrame(self._details, columns=list(DETAIL_COLUMNS)),
            _stacked(self._curves, CURVE_COLUMNS),
            pd.DataFrame(self._blocks, columns=list(BLOCK_COLUMNS)),
            pd.DataFrame(list(self.identities.items()), columns=["image", "identity"]),
        )

    def _mean(
        self, metric: Metric, ids: Sequence[str], values: np.ndarray | None, failed: Mapping[str, str]
    ) -> Summary:
        if values is None:
            return Summary(float("nan"), note="no finite score")
        scored_rows = np.array([image not in failed for image in ids], dtype=bool)
        ids, values = [image for image in ids if image not in failed], values[scored_rows]
        finite, note = np.isfinite(values), _not_finite(metric, values)
        if not finite.any():
            return Summary(float("nan"), note=note)
        scored = [image for image, good in zip(ids, finite, strict=True) if good]
        rate = metric.is_rate and bool(((values[finite] >= 0) & (values[finite] <= 1)).all())
        interval = mean_interval(values[finite], self.seed, people(scored, self.identities), rate)
        return Summary(float(values[finite].mean()), *interval, int(finite.sum()), note)

    def _per_image(
        self, method: str, metric: str, result: MethodResults, values: np.ndarray, unscored: Mapping[str, str]
    ) -> None:
        ids = [*result.ids, *result.problems]
        pairs = zip(result.ids, values, strict=True)
        known = ["failed" if image in unscored else "invalid" if np.isnan(v) else "ok" for image, v in pairs]
        missing = [float("nan")] * len(result.problems)
        self._scores.append(
            pd.DataFrame(
                {
                    "method": method,
                    "image": ids,
                    "metric": metric,
                    "value": [*values, *missing],
                    "status": known + ["failed"] * len(missing),
                }
            )
        )

    def _row(self, method: str, metric: Metric, summary: Summary, status: str) -> None:
        self._summary.append(
            {
                "method": method,
                "metric": metric.name,
                "value": summary.value,
                "ci_low": summary.ci_low,
                "ci_high": summary.ci_high,
                "n": summary.n,
                "unit": metric.unit,
                "direction": metric.direction,
                "status": status,
                "note": summary.note,
            }
        )


def _stacked(parts: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    names = list(columns)
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def status_of(error: FsrbenchError) -> str:
    """The status of a row that has this error instead of a number."""
    return "unavailable" if isinstance(error, Unavailable) else "invalid" if isinstance(error, Invalid) else "failed"


def _not_finite(metric: Metric, values: np.ndarray) -> str:
    """Why scores are left out of the mean, or why there is no mean."""
    unbounded = values[~np.isfinite(values)]
    explained = bool(metric.infinite and len(unbounded) and np.isinf(unbounded).all())
    if len(unbounded) == len(values):
        return f"infinite on every image, because {metric.infinite}" if explained else "no finite score"
    if explained:
        return f"{counted(len(unbounded), 'image')} left out: infinite, because {metric.infinite}"
    return f"{counted(len(unbounded), 'image')} without a finite score left out" if len(unbounded) else ""


def equal_to_hr_note(result: MethodResults) -> str:
    """A note if more than a few SR pictures equal HR."""
    found = equality.judge_exact(result.equal, len(result.ids))
    return found.text if found else ""


def failures(failed: Mapping[str, str], images: int) -> str:
    """A note on images that failed; empty if none did."""
    if not failed:
        return ""
    image, reason = next(iter(failed.items()))
    return f"failed on {len(failed)} of {counted(images, 'image')}: {reason} ({image})"
