"""Whose answers count: catch pairs, repeats, sides and times of each rater."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fsrbench.study.answers import Answers, Rater
from fsrbench.study.design import TOP
from fsrbench.study.key import Key

LEVEL: Final = 0.05
"""A rater counts if random clicks on left or right would do as well on the catch pairs with at most this probability:
all of 5 to 7 right, 7 of 8."""

OTHER_SIDE: Final = {0: 1, 1: 0, 2: 2}
"""An answer after the sides are swapped."""


@dataclass(frozen=True)
class RaterCheck:
    """How one rater did on catch pairs and repeats."""

    name: str
    answered: int
    """Questions, catch pairs and repeats included."""
    caught: int
    """Catch pairs in which HR was preferred; "no difference" is not."""
    catches: int
    """Catch pairs answered."""
    repeated: int
    """Repeats with the same answer as the first time."""
    repeats: int
    """Repeats answered, if the first time was."""
    left: float
    """Share of the answers with a preference that were for the left; NaN without any."""
    median_ms: float
    p: float
    """Probability that random clicks do as well on the catch pairs."""

    @property
    def counts(self) -> bool:
        """Whether the answers are scored."""
        return self.p <= LEVEL

    @property
    def reason(self) -> str:
        """Why they are not scored; empty if they are."""
        if self.counts:
            return ""
        if chance(self.catches, self.catches) > LEVEL:
            return f"too few catch pairs answered ({self.catches}; 5 are needed)"
        return f"HR preferred in {self.caught} of {self.catches} catch pairs (p = {self.p:.2g})"


def chance(right: int, of: int) -> float:
    """Probability that ``of`` fair coins show as many heads as ``right`` or more.

    Example:
        >>> chance(7, 8), chance(5, 5), chance(0, 0)
        (0.03515625, 0.03125, 1.0)
    """
    return float(sum(math.comb(of, k) for k in range(right, of + 1)) / 2**of)


def check(rater: Rater, key: Key) -> RaterCheck:
    """Check one rater's answers by the catch pairs and the repeats."""
    given = dict(zip(rater.trial.tolist(), rater.choice.tolist(), strict=True))
    catches = {trial: choice for trial, choice in given.items() if key.trial[trial].catch}
    caught = sum(choice == (0 if key.trial[trial].left == TOP else 1) for trial, choice in catches.items())
    again = [
        (t.repeats, trial) for trial in given if (t := key.trial[trial]).repeats in given and t.repeats is not None
    ]
    same = sum(given[first] == OTHER_SIDE[given[second]] for first, second in again)
    chosen = rater.choice[rater.choice < 2]
    return RaterCheck(
        rater.name,
        len(given),
        caught,
        len(catches),
        same,
        len(again),
        float((chosen == 0).mean()) if len(chosen) else math.nan,
        float(np.median(rater.ms)) if len(rater.ms) else math.nan,
        chance(caught, len(catches)),
    )


def sort_out(answers: Answers) -> tuple[list[Rater], list[RaterCheck]]:
    """The raters whose answers count, and the checks of all."""
    checks = [check(rater, answers.key) for rater in answers.raters]
    return [rater for rater, found in zip(answers.raters, checks, strict=True) if found.counts], checks


def consistency(raters: Sequence[Rater], key: Key, question: int) -> tuple[int, int]:
    """Repeats of a question with the same answer, and all of them."""
    mask = np.array([trial.question == question for trial in key.trial], dtype=bool)
    found = [
        check(Rater(r.name, r.file, r.trial[kept], r.choice[kept], r.ms[kept], r.complete), key)
        for r in raters
        for kept in [mask[r.trial]]
    ]
    return sum(each.repeated for each in found), sum(each.repeats for each in found)
