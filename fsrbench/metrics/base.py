"""The base classes of metrics: what a metric declares about itself, and four ways to compute one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import FsrbenchError, Invalid
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS
from fsrbench.metrics.facts import Facts
from fsrbench.provenance.plugin_code import PluginCode
from fsrbench.runs.names import HR, LR

if TYPE_CHECKING:
    from fsrbench.methods.timing import Readings

Direction = Literal["higher", "lower", "none"]
Need = Literal["hr", "pairs", "network"]
Number = Literal["mean", "own", "set", "speed"]


class Metric(ABC):
    """Base class of all metrics. Its attributes, usually set on the class, are what users read about the metric.

    Metrics are immutable: if one depends on the run, :meth:`configured` returns another.
    """

    name: str
    title: str
    unit: str = ""
    direction: Direction = "higher"
    bounds: ClassVar[tuple[float, float]] = (-inf, inf)
    """Lowest and highest possible value."""
    digits: int = 2
    """Decimals shown in tables (of per cent where the unit is ``fraction``)."""
    needs: frozenset[Need] = frozenset()
    weight_files: ClassVar[tuple[str, ...]] = ()
    """Names of the weight files that it reads; see ``fsrbench list weights``."""
    protocol: str
    """One line that lets somebody else recompute the number."""
    infinite: ClassVar[str] = ""
    """What an infinite score means, if one is possible."""
    exact: ClassVar[bool] = False
    """Whether its numbers are counted, not measured, and so compared without a test or an interval."""
    number: ClassVar[Number] = "mean"
    """What its number is. ``mean``: of the images' finite scores; ``own``: computed otherwise, although images have
    scores; ``set``: of the whole set of images, which have no scores; ``speed``: speed or size of a network."""
    hr_is_ceiling: ClassVar[bool] = True
    """Whether HR's own number is the best that a method can reach; if not, the row ``hr`` is only for comparison."""
    settings: str | None = None
    """What its numbers depend on besides code, weights and protocol, such as arguments. Scores of an instance passed to
    :func:`fsrbench.evaluate` that leaves this ``None`` are never reused."""
    chosen: Mapping[str, Any] = MappingProxyType({})
    """Attributes set by :meth:`replace`; other processes rebuild the metric from them."""

    device: torch.device = torch.device("cpu")
    """Where its network computes; see :meth:`on`."""

    def on(self, device: torch.device) -> Self:
        """The metric for a device: itself, unless it has a network that computes there."""
        return self

    def check(self, facts: Facts) -> None:
        """Raise if the metric cannot be computed.

        Raises:
            Invalid: its protocol does not hold on this data.
            Unavailable: weights or packages are missing.
        """
        if "hr" in self.needs and not facts.has_hr:
            raise Invalid("needs HR images")
        if "pairs" in self.needs and not facts.has_pairs:
            raise Invalid("needs several pictures of at least two identities, in sub-folders <identity>/<file>")
        for name in self.weight_files:
            weights.need(name)

    def configured(self, facts: Facts) -> Self:
        """The metric for a run: itself, or a copy by :meth:`replace` if something depends on the run.

        Raises:
            Invalid, Unavailable: as :meth:`check`.
        """
        return self

    def replace(self, **attributes: Any) -> Self:
        """A copy with other attributes."""
        made = object.__new__(type(self))
        vars(made).update(vars(self) | attributes | {"chosen": {**self.chosen, **attributes}})
        return made

    def fingerprint(self) -> str:
        """A hash of its code, unless it is fsrbench's own, and its settings; not of protocol and weights."""
        return f"{PluginCode(self, self.weight_files).digest}{self.settings or ''}"

    def files(self) -> frozenset[Path] | None:
        """Files besides its weight files that its numbers depend on; ``None`` if not all of them are known."""
        return PluginCode(self, self.weight_files, contents=False).files

    @property
    def is_rate(self) -> bool:
        """Whether its scores are rates, whose intervals stay within 0 and 1."""
        return self.unit == "fraction"

    @property
    def scores_hr(self) -> bool:
        """Whether the HR images are scored too, as if a method had made them: the ceiling."""
        return True

    @property
    def scores_lr(self) -> bool:
        """Whether LR images of HR's size are scored too, as if a method had made them: the floor."""
        return True

    @property
    def reads_enrolled(self) -> bool:
        """Whether it also reads SR of the images enrolled in identification (gallery and distractors)."""
        return True

    def scores_row(self, row: str) -> bool:
        """Whether a row of the run, a method's or one of :data:`fsrbench.runs.names.BOUNDS`, has a number."""
        return {HR: self.scores_hr, LR: self.scores_lr}.get(row, True)


class Broken(Metric):
    """Stands in for a metric whose code cannot be imported or instantiated."""

    protocol = "none: its code fails"

    def __init__(self, name: str, reason: FsrbenchError) -> None:
        self.name = self.title = name
        self._reason = reason

    def check(self, facts: Facts) -> None:
        """Raise why it cannot be used.

        Raises:
            FsrbenchError: always.
        """
        raise self._reason


class ImageMetric(Metric):
    """One score per image, from the SR picture alone or with its HR.

    Example:
        >>> class Brightness(ImageMetric):
        ...     name, title, direction, protocol = "brightness", "Brightness", "none", "mean of R, G and B, in [0, 1]"
        ...
        ...     def score(self, sr, hr):
        ...         return sr.mean(dim=(1, 2, 3))
        >>> import torch
        >>> Brightness().score(torch.full((2, 3, 64, 64), 0.5), None)
        tensor([0.5000, 0.5000])
    """

    @property
    def threads_matter(self) -> bool:
        """Whether to score with one thread, because the order in which several add up changes the last digits."""
        return True

    @property
    def scores_hr(self) -> bool:
        """Only without a reference: HR against itself says nothing."""
        return "hr" not in self.needs

    @abstractmethod
    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """Score a batch.

        Args:
            sr: float N,3,H,W in [0, 1], already rounded to 8 bits.
            hr: the HR images, likewise; ``None`` without HR.

        Returns:
            N scores.
        """


class InputMetric(Metric):
    """One score per image, from the SR picture and the LR picture that it was made from.

    Example:
        >>> class Fidelity(InputMetric):
        ...     name, title, direction, protocol = "fidelity", "Fidelity", "lower", "mean of SR less that of LR, RGB"
        ...
        ...     def score(self, sr, lr, ids):
        ...         return (sr.mean(dim=(1, 2, 3)) - lr.mean(dim=(1, 2, 3))).abs()
        >>> import torch
        >>> Fidelity().score(torch.full((1, 3, 64, 64), 0.5), torch.full((1, 3, 16, 16), 0.25), ["a"])
        tensor([0.2500])
    """

    threads_matter: ClassVar[bool] = True
    """As :attr:`ImageMetric.threads_matter`."""

    @abstractmethod
    def score(self, sr: Tensor, lr: Tensor, ids: Sequence[str]) -> Tensor:
        """Score a batch.

        Args:
            sr: float N,3,H,W in [0, 1], already rounded to 8 bits; the HR images themselves for their row.
            lr: N,3,h,w of the LR images.
            ids: of the images.

        Returns:
            N scores.
        """


class FeatureMetric(Metric):
    """Computed over the whole set of images from stored features."""

    extractor: str
    """Name of the feature extractor whose features it reads."""
    uses_reference: ClassVar[bool] = False
    """Whether it compares with a reference set, not image by image."""
    uses_lr: bool = False
    """Whether it compares with the LR images too."""
    control: ClassVar[bool] = False
    """Whether the LR images, enlarged to HR's size, are scored at every task, as a control without SR."""
    by_lr: bool = False
    """Whether faces are aligned by the LR image's landmarks and not by their own; for runs without HR."""
    any_number: ClassVar[bool] = True
    """For a number of the whole set: whether it may be compared between sets of different size."""
    keeps_descriptors: ClassVar[bool] = False
    """Whether the run's folder keeps the face descriptors that it reads, for the pictures kept there."""
    least_ceiling: float = float("-inf")
    """If :meth:`ceiling` is below this, the metric's judge cannot be trusted and every number is ``invalid``."""

    @property
    def feature_set(self) -> str:
        """Name of the features that it reads: the extractor's, marked if the LR image's landmarks align the faces."""
        return f"{self.extractor}{BY_LR}" if self.by_lr else self.extractor

    def ceiling(self, hr: Faces, seed: int) -> float | None:
        """What the metric's judge achieves on the HR images themselves; ``None`` if that cannot be measured."""
        return None

    def check(self, facts: Facts) -> None:
        """As :meth:`Metric.check`; also raise if the extractor lacks weights or packages."""
        super().check(facts)
        EXTRACTORS.get(self.configured(facts).extractor)().check()

    @abstractmethod
    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Score all images of one method from their features.

        Args:
            faces: features of the SR images, of HR and of the reference set.
            seed: of everything random.

        Raises:
            Invalid: the protocol does not hold, e.g. too few people.
        """


class CombinedMetric(Metric):
    """Computed from other metrics, which the run then measures too."""

    number = "set"
    parts: tuple[str, ...]
    """Names of the metrics that it reads; if one has no number for a method, neither has this."""

    @property
    def reads_enrolled(self) -> bool:
        """Not itself; its parts may."""
        return False

    @abstractmethod
    def combine(self, ids: Sequence[str], parts: Mapping[str, Evaluation]) -> Evaluation:
        """One method's number.

        Args:
            ids: of the images.
            parts: by name: values per image, row for row with ``ids`` (NaN without one), or a summary.

        Raises:
            Invalid: the protocol does not hold, e.g. images of some kind are missing.
        """


class SpeedMetric(Metric):
    """Read from the timing run of a method; see :mod:`fsrbench.methods.timing`."""

    bounds = (0, inf)
    number = "speed"

    @property
    def reads_enrolled(self) -> bool:
        """Never: it reads no pictures."""
        return False

    @property
    def scores_hr(self) -> bool:
        """Never: no method makes the HR images."""
        return False

    @property
    def scores_lr(self) -> bool:
        """Never: no method makes the LR images."""
        return False

    @abstractmethod
    def read(self, readings: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """One method's number.

        Args:
            readings: what was measured of the method.
            base: name and readings of the method that ratios are relative to.

        Raises:
            Invalid: the number means nothing for this method.
        """
