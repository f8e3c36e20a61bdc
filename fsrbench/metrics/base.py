"""What a metric is: its name, unit, direction, needs and protocol, and one of three ways to compute it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from torch import Tensor

from fsrbench import weights
from fsrbench.datasets.pairs import ListedPair
from fsrbench.errors import FsrbenchError, Invalid
from fsrbench.metrics.extractors.base import Features
from fsrbench.provenance.plugin_code import PluginCode
from fsrbench.stats.intervals import people
from fsrbench.tasks import Task

if TYPE_CHECKING:
    from fsrbench.methods.timing import Readings

Direction = Literal["higher", "lower", "none"]
Need = Literal["hr", "pairs", "network"]


@dataclass(frozen=True)
class Facts:
    """What is known of a run before any work; metrics decide by it whether and how their protocol holds."""

    task: Task
    images: int
    has_hr: bool
    has_pairs: bool
    seed: int = 0
    reference: int = 0
    """Pictures of the reference set that was named; 0 if none was."""
    pairs: tuple[ListedPair, ...] = ()
    """Verification pairs that a file lists."""
    sides: Literal["one", "both"] = "one"
    """Whether verification compares SR with HR or SR with SR."""
    alignment: Literal["hr", "sr"] = "hr"
    """Whose landmarks faces are aligned by before they are described."""
    descriptor: str = "auto"
    """Which face descriptor verification uses."""
    isolated: bool = False
    """Whether each method runs in a process of its own."""


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
    weight_files: ClassVar[tuple[str, ...]] = ()
    """Names of the weight files that it reads."""
    protocol: str
    """One line that lets somebody else recompute the number."""
    infinite: ClassVar[str] = ""
    """Why a score is infinite, where it can be."""
    exact: ClassVar[bool] = False
    """Whether its numbers are counted and not measured: they are compared without a test or an interval."""
    settings: str | None = None
    """What its numbers depend on besides code, weights and protocol, such as arguments; of an object that does not tell
    no score is used again."""

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
        for name in self.weight_files:
            weights.need(name)

    def fingerprint(self) -> str:
        """Changes when its numbers may and neither protocol nor weights do; of our own metrics the version tells it."""
        return f"{PluginCode(self, self.weight_files).digest}{self.settings or ''}"

    def files(self) -> frozenset[Path] | None:
        """Files besides its weight files that its numbers depend on; ``None`` where they do not tell all."""
        return PluginCode(self, self.weight_files).files

    @property
    def is_rate(self) -> bool:
        """Whether its scores are shares of yes and no, whose intervals stay within 0 and 1."""
        return self.unit == "fraction"

    @property
    def scores_hr(self) -> bool:
        """Whether the HR images, scored as if a method had made them, give a ceiling."""
        return True


class Broken(Metric):
    """Stands for a metric whose code cannot be imported or made."""

    protocol = "none: its code fails"

    def __init__(self, name: str, reason: FsrbenchError) -> None:
        self.name = self.title = name
        self._reason = reason

    def check(self, facts: Facts) -> None:
        """Refuse.

        Raises:
            FsrbenchError: why it cannot be used.
        """
        raise self._reason


class ImageMetric(Metric):
    """One score an image, from the picture alone or beside its HR."""

    @property
    def threads_matter(self) -> bool:
        """Whether the score is a sum over the whole picture, which several threads would add up in another order."""
        return True

    @property
    def scores_hr(self) -> bool:
        """Not beside HR: HR against itself says nothing."""
        return "hr" not in self.needs

    @abstractmethod
    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """Score a batch.

        Args:
            sr: float N,3,H,W in [0, 1], already rounded to 8 bits.
            hr: the same of the HR images; ``None`` where there are none.

        Returns:
            N scores.
        """


@dataclass(frozen=True, eq=False)
class Faces:
    """The extracted features of all images of one method that could be scored, in the order of ``ids``."""

    ids: Sequence[str]
    identities: Sequence[str | None]
    features: Features
    hr: Features | None
    """The HR images' features, row for row; ``None`` without HR."""
    is_hr: bool = False
    """Whether these are the HR images themselves."""
    reference: Features | None = None
    """Features of the reference set: the one that was named, else all HR images."""

    @property
    def people(self) -> list[str]:
        """Who is on each image; see :func:`fsrbench.stats.intervals.people`."""
        return people(self.ids, dict(zip(self.ids, self.identities, strict=True)))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a feature metric gives: a value an image (NaN where none) and, if it is not their mean, a summary."""

    values: np.ndarray | None
    """``None`` where only the whole set has a value."""
    summary: Summary | None = None
    note: str = ""
    details: Mapping[str, float] = field(default_factory=dict)
    """Further numbers by name, fractions where the metric is one."""
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Lines to draw by name, each K,2."""
    blocks: np.ndarray | None = None
    """What a number of the whole set has instead of values of images: pseudo-values of blocks; see :mod:`jackknife`."""


class FeatureMetric(Metric):
    """Computed over the whole set from stored features."""

    extractor: str
    """Name in :data:`fsrbench.metrics.extractors.base.EXTRACTORS`."""
    uses_reference: ClassVar[bool] = False
    """Whether it compares with the reference set and not image by image."""
    least_ceiling: float = float("-inf")
    """Where :meth:`ceiling` is below this, the judge cannot be trusted and no number is ``ok``."""

    def ceiling(self, hr: Faces, seed: int) -> float | None:
        """How well the metric's judge does on the HR images themselves; ``None`` where that cannot be known."""
        return None

    def check(self, facts: Facts) -> None:
        """Refuse without what the extractor needs."""
        from fsrbench.metrics.extractors.base import EXTRACTORS

        super().check(facts)
        self.configure(facts)
        EXTRACTORS.get(self.extractor)().check()

    def configure(self, facts: Facts) -> None:
        """Settle what depends on the run, the extractor included.

        Raises:
            Invalid, Unavailable: as :meth:`check`.
        """

    @abstractmethod
    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Score all images of one method from their features."""


class SpeedMetric(Metric):
    """Read from the timing run of a method; see :mod:`fsrbench.methods.timing`."""

    @property
    def scores_hr(self) -> bool:
        """Nothing makes the HR images."""
        return False

    @abstractmethod
    def read(self, mine: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """One method's number.

        Args:
            mine: what was measured of the method.
            base: name and readings of the method that ratios are taken to.

        Raises:
            Invalid: the number means nothing for this method.
        """
