"""Choose the images to show where there is no room for all."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Literal, assert_never

import numpy as np
import pandas as pd

from fsrbench.errors import UserError

How = Literal["spread", "best", "worst", "random"]


def choose_rows(
    scores: pd.DataFrame,
    metric: str,
    method: str,
    count: int,
    ids: Sequence[str] | None = None,
    higher_is_better: bool = True,
    how: How = "spread",
    seed: int = 0,
) -> list[str]:
    """Choose the images to show.

    Args:
        scores: a run's scores.
        metric: ranks the images; where the method has no such score the images spread evenly by their id.
        method: whose scores count.
        count: how many images; all where there are fewer.
        ids: show these instead.
        higher_is_better: the metric's direction.
        how: ``spread`` evenly from the method's best to its worst, both included; its ``best``, best first; its
            ``worst``, worst first; or at ``random``, in the order of their ids.
        seed: of a random choice.

    Raises:
        UserError: an id of ``ids`` is not among the scores.
    """
    known = set(scores["image"])
    if ids is not None:
        unknown = [name for name in ids if name not in known]
        if unknown:
            raise UserError(f"no image {', '.join(unknown)} to show")
        return list(ids)
    rows = scores[(scores["metric"] == metric) & (scores["method"] == method) & (scores["status"] == "ok")]
    values = {str(name): float(value) for name, value in zip(rows["image"], rows["value"], strict=True)}
    values = {name: value for name, value in values.items() if math.isfinite(value)}
    sign = -1 if higher_is_better else 1
    # The id breaks ties, so that the choice never depends on the order of the rows
    order = sorted(values, key=lambda name: (sign * values[name], name)) or sorted(known)
    count = min(count, len(order))
    match how:
        case "spread":
            return [order[round(place)] for place in np.linspace(0, len(order) - 1, count)]
        case "best":
            return order[:count]
        case "worst":
            return order[::-1][:count]
        case "random":
            return sorted(random.Random(seed).sample(sorted(order), count))
    assert_never(how)
