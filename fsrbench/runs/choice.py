"""Choose the images to show if there is no room for all."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, assert_never

import numpy as np
import pandas as pd

from fsrbench.errors import UserError

How = Literal["spread", "best", "worst", "random"]


def most_shared(there: Mapping[str, Collection[str]], count: int) -> list[str]:
    """The images that most methods have a picture of, such that every method is seen if there is room.

    Greedy: each step takes the image whose methods have been shown least; each method counts 1 / (1 + times shown)².

    Args:
        there: by image, the methods that have a picture of it.
        count: how many images; all if there are fewer.

    Example:
        >>> most_shared({"1": "a", "2": "ab", "3": "ab", "4": "c"}, 2)
        ['2', '4']
        >>> most_shared({"1": "ab", "2": "ab", "3": "c", "4": "d"}, 3)
        ['1', '3', '4']
    """
    seen: Counter[str] = Counter()
    left, chosen = list(there), list[str]()
    while left and len(chosen) < count:
        best = max(left, key=lambda image: sum(1 / (1 + seen[method]) ** 2 for method in there[image]))
        left.remove(best)
        chosen.append(best)
        seen.update(there[best])
    return chosen


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
        metric: ranks the images; if the method has no such score, their ids do.
        method: whose scores count.
        count: how many images; all if there are fewer.
        ids: show these instead.
        higher_is_better: the metric's direction.
        how: ``spread`` evenly from the method's best to its worst, both included; its ``best``, best first; its
            ``worst``, worst first; or at ``random``, in the order of their ids.
        seed: for ``random``.

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
