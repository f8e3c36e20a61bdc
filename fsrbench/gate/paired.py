"""Whether a change is more than chance: a method's scores now and then, on the same images."""

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
    """The scores of one method in one metric, then and now."""

    before: np.ndarray
    after: np.ndarray
    people: list[str]
    """Who is on each image; of a set metric, the names of the blocks."""
    lost: int
    """Images that had a score then and have none now."""

    @property
    def testable(self) -> bool:
        """Whether there are people enough for a test; with fewer, the tolerance alone decides."""
        return len(set(self.people)) >= FEWEST_PEOPLE

    def max_shift(self) -> float:
        """How far the mean would have moved if all people's scores had moved in one direction.

        The test takes the amounts as given and the directions as random: a pair whose greatest shift is within the
        tolerance cannot become a finding and need not be corrected for (Tarone, Biometrics 46, 1990).
        """
        change = differences(self.after, self.before)
        if not np.isfinite(change).all():
            return math.inf
        moved = pd.Series(change).groupby(self.people).sum().abs().sum()
        return float(moved) / len(self.before)


def pair_up(scores: pd.DataFrame, reference: Reference, method: str, metric: str) -> Pair | None:
    """The scores then and now on the images that have both; ``None`` where either keeps none.

    Args:
        scores: now, as :meth:`RunData.per_image` gives them.
        reference, method, metric: then.
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
    """Test each pair; the second number is p corrected for how many there are.

    Benjamini and Hochberg's correction and not Holm's: a gate errs by turning red although nothing got worse, and
    against that both guard alike. Once something did get worse, red is right, and a real loss, which moves several
    metrics a little, is seen sooner.
    """
    found = [compare(pair.after, pair.before, seed, pair.people) for pair in pairs]
    return list(zip(found, benjamini_hochberg([c.p for c in found]), strict=True))
