"""Which images stand for all where there is no room for all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from fsrbench.errors import UserError


def choose_rows(
    scores: pd.DataFrame,
    metric: str,
    method: str,
    count: int,
    ids: Sequence[str] | None = None,
    higher_is_better: bool = True,
) -> list[str]:
    """Choose the images to show: evenly spread from a method's best to its worst, both included.

    Args:
        scores: a run's scores.
        metric: what tells good from bad; where the method has no such score the images spread evenly by their id.
        method: whose scores count.
        count: how many images; all where there are fewer.
        ids: show these instead.
        higher_is_better: the metric's direction.

    Raises:
        UserError: an id of ``ids`` is not among the scores.
    """
    known = set(scores["image"])
    if ids is not None:
        unknown = [name for name in ids if name not in known]
        if unknown:
            raise UserError(f"no image {', '.join(unknown)} in this run")
        return list(ids)
    rows = scores[(scores["metric"] == metric) & (scores["method"] == method) & (scores["status"] == "ok")]
    values = {str(name): float(value) for name, value in zip(rows["image"], rows["value"], strict=True)}
    values = {name: value for name, value in values.items() if math.isfinite(value)}
    sign = -1 if higher_is_better else 1
    # The id breaks ties, so that the choice never depends on the order of the rows
    order = sorted(values, key=lambda name: (sign * values[name], name)) or sorted(known)
    return [order[round(place)] for place in np.linspace(0, len(order) - 1, min(count, len(order)))]
