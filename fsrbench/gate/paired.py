"""Whether a change is more than chance: a method's scores before and after, on the same images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fsrbench.gate.reference import Reference
from fsrbench.stats.corrections import FEWEST_PEOPLE, benjamini_hochberg
from fsrbench.stats.intervals import people
from fsrbench.stats.paired import Comparison, compare, differences


@dataclass(frozen=True, eq=False)
class Pair:
    """The scores of one method in one metric, in the reference and in the run."""

    before: np.ndarray
    after: np.ndarray
    people: list[str]
    """Who is on each image; for a set metric, the names of the blocks."""
    lost: int
    """Images that have a score in the reference and none in the run."""

    @property
    def testable(self) -> bool:
        """Whether there are enough people for a test; with fewer, only the tolerance decides."""
        return len(set(self.people)) >= FEWEST_PEOPLE

    def max_shift(self) -> float:
        """How far the mean would have moved if all people's scores had moved in one direction.

        The test takes the amounts as given and the signs as random: a pair whose largest shift is within the tolerance
        cannot become a finding and need not be corrected for (Tarone, Biometrics 46, 1990).
        """
        change = differences(self.after, self.before)
        if not np.isfinite(change).all():
            return math.inf
        moved = pd.Series(change).groupby(self.people).sum().abs().sum()
        return float(moved) / len(self.before)


def pair_up(scores: pd.DataFrame, reference: Reference, method: str, metric: str) -> Pair | None:
    """The scores before and after, on the images that have both; ``None`` if either has none.

    Args:
        scores: the run's, as :meth:`RunData.per_image` returns them.
        reference: has the scores before.
        method, metric: whose scores.
    """
    before = reference.series(method, metric)
    if before is None or method not in scores:
        return None
    after = scores[method].reindex(before.index).astype(float)
    both = (before.notna() & after.notna()).to_numpy()
    if not both.any():
        return None
    lost = int((before.notna() & after.isna()).sum())  # infinite is a score
    return Pair(before.to_numpy()[both], after.to_numpy()[both], people(before.index[both], reference.people()), lost)


def compare_pairs(pairs: Sequence[Pair], seed: int) -> list[tuple[Comparison, float]]:
    """Test each pair; the second number is p corrected for the number of pairs.

    Benjamini and Hochberg's correction, not Holm's: the error of a gate is to turn red although nothing got worse, and
    both control that equally. Once something did get worse, red is right, and Benjamini and Hochberg's detects a real
    loss, which moves several metrics a little, sooner.
    """
    found = [compare(pair.after, pair.before, seed, pair.people) for pair in pairs]
    return list(zip(found, benjamini_hochberg([c.p for c in found]), strict=True))
