"""What a metric is: its name, unit, direction, needs and protocol, and one of three ways to compute it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from torch import Tensor

from fsrbench.errors import Invalid
from fsrbench.tasks import Task

if TYPE_CHECKING:
    from fsrbench.metrics.timing import Readings

Direction = Literal["higher", "lower", "none"]
Need = Literal["hr", "pairs", "network"]
Features = Mapping[str, np.ndarray]
"""Named arrays, one row an image."""


@dataclass(frozen=True)
class Facts:
    """What is known of a run before any work; metrics decide by it whether their protocol holds."""

    task: Task
    images: int
    has_hr: bool
    has_pairs: bool
    seed: int = 0


@dataclass(frozen=True)
class Summary:
    """One number of one method for one metric, with interval and n."""

    value: float
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    n: int = 0
    note: str = ""


class Metric(ABC):
    """Common to all metrics. The attributes, usually of the class, are what a user reads about it."""

    name: str
    title: str
    unit: str = ""
    direction: Direction = "higher"
    digits: int = 2
    """Decimals shown in tables (of per cent where the unit is ``fraction``)."""
    needs: frozenset[Need] = frozenset()
    protocol: str
    """One line that lets somebody else recompute the number."""

    def check(self, facts: Facts) -> None:
        """Refuse where the protocol does not hold.

        Raises:
            Invalid: it does not hold on this data.
            Unavailable: weights or packages are missing.
        """
        if "hr" in self.needs and not facts.has_hr:
            raise Invalid("needs HR images")
        if "pairs" in self.needs and not facts.has_pairs:
            raise Invalid("needs several pictures of at least two identities, in sub-folders <identity>/<file>")


class ImageMetric(Metric):
    """One score an image, from the picture alone or beside its HR."""

    @abstractmethod
    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """Score a batch.

        Args:
            sr: float N,3,H,W in [0, 1], already rounded to 8 bits.
            hr: the same of the HR images; ``None`` where there are none.

        Returns:
            N scores.
        """


@dataclass(frozen=True)
class Faces:
    """The extracted features of all images of one method that could be scored, in the order of ``ids``."""

    ids: Sequence[str]
    identities: Sequence[str | None]
    features: Features
    hr: Features | None
    """The HR images' features, row for row; ``None`` without HR."""
    is_hr: bool = False
    """Whether these are the HR images themselves."""


@dataclass(frozen=True)
class Evaluation:
    """What a feature metric gives: a value an image (NaN where none) and, if it is not their mean, a summary."""

    values: np.ndarray
    summary: Summary | None = None
    note: str = ""


class FeatureMetric(Metric):
    """Computed over the whole set from stored features."""

    extractor: str
    """Name in :data:`fsrbench.metrics.features.EXTRACTORS`."""

    def check(self, facts: Facts) -> None:
        """Refuse without what the extractor needs."""
        from fsrbench.metrics.features import EXTRACTORS

        super().check(facts)
        EXTRACTORS.get(self.extractor)().check()

    @abstractmethod
    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Score all images of one method from their features."""


class SpeedMetric(Metric):
    """Read from the timing run of a method; see :mod:`fsrbench.metrics.timing`."""

    @abstractmethod
    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """One method's number.

        Args:
            mine: what was measured of the method.
            first: name and readings of the run's first method, for ratios.

        Raises:
            Invalid: the number means nothing for this method.
        """
