"""Set metrics by group: FID, KID and others without per-image scores, computed on each group's images alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from fsrbench.engine.collect import Collector, plausible
from fsrbench.engine.plan import REFERENCE
from fsrbench.errors import FsrbenchError, UserError, one_line
from fsrbench.files.labels import Labels
from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.evaluation import Faces, Summary
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise
from fsrbench.runs.columns import SET_GROUP_COLUMNS
from fsrbench.runs.frames import Frames
from fsrbench.runs.grouping import Grouping, groupings


def set_groups(collector: Collector, frames: Frames, labels: Labels) -> pd.DataFrame:
    """One row per column of labels, group, method and set metric; metrics compare SR with the same group's HR.

    Args:
        collector: of the run.
        frames: its frames of all images.
        labels: of the data, by column; columns with 2 to 20 different labels are used.

    Returns:
        :data:`SET_GROUP_COLUMNS`; a note in place of a value where a group is too small.
    """
    try:
        found = groupings(labels) if labels else []
    except UserError:  # numbers, names
        found = []
    rows = list(_rows(collector, frames, found)) if found else []
    return pd.DataFrame(rows, columns=list(SET_GROUP_COLUMNS))


def _rows(collector: Collector, frames: Frames, found: list[Grouping]) -> Iterator[tuple[Any, ...]]:
    scored, ok = set(frames.scores["metric"]), frames.summary[frames.summary["status"] == "ok"]
    for metric in collector.metrics:
        if not isinstance(metric, FeatureMetric) or metric.name in scored:
            continue
        for method in ok.loc[ok["metric"] == metric.name, "method"]:
            faces = collector.faces(method, metric)
            for grouping in found:
                place = np.array([grouping.of.get(image, "") for image in faces.ids])
                for group in grouping.names:
                    part = _part(faces, np.flatnonzero(place == group), REFERENCE in collector.results)
                    number = _number(metric, part, collector.seed)
                    values = (number.value, number.ci_low, number.ci_high, len(part.ids), len(set(part.people)))
                    comparable = metric.any_number
                    yield (grouping.column, group, method, metric.name, *values, comparable, number.note)


def _part(faces: Faces, rows: np.ndarray, has_reference: bool) -> Faces:
    """Some of the images; compared with their own HR, unless the run names a reference set."""
    chosen = faces.some(rows)
    return chosen if has_reference else replace(chosen, reference=chosen.hr)


def _number(metric: FeatureMetric, faces: Faces, seed: int) -> Summary:
    """The number, or NaN with a note that says why."""
    try:
        with contained():
            standardise(seed)
            found = plausible(metric.evaluate(faces, seed)) if faces.ids else None
    except FsrbenchError as error:
        return Summary(float("nan"), note=str(error))
    except Exception as error:  # a plug-in's metric may raise anything
        return Summary(float("nan"), note=one_line(error))
    if found is None or found.summary is None:
        return Summary(float("nan"), note="none of its pictures could be used")
    return replace(found.summary, note=found.note)
