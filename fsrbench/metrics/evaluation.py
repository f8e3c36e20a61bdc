"""What feature metrics read and return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fsrbench.metrics.extractors.base import Features
from fsrbench.stats.intervals import people


@dataclass(frozen=True)
class Summary:
    """One number of one method for one metric, with its 95 % interval (NaN without one) and n."""

    value: float
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    n: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False)
class Faces:
    """The extracted features of one method's images, in the order of ``ids``; images that failed are left out."""

    ids: Sequence[str]
    identities: Sequence[str | None]
    features: Features
    hr: Features | None
    """Features of the HR images, row for row; ``None`` without HR."""
    is_hr: bool = False
    """Whether these are the HR images themselves."""
    reference: Features | None = None
    """Features of the reference set (``--reference``), else of all HR images."""
    lr: Features | None = None
    """Features of the LR images, enlarged to HR's side, row for row; for metrics with ``uses_lr``."""
    roles: Sequence[str | None] = ()
    """Role of each image in identification, see :mod:`fsrbench.datasets.roles`; empty if the data has none."""
    enrolled: Faces | None = None
    """All gallery and distractor images as they are, without SR, or all images if the data has no roles; ``ids`` may
    lack them. Given if the metric does not read SR of these images."""

    def some(self, rows: np.ndarray) -> Faces:
        """The faces of some images, by row number; the reference set stays whole."""

        def chosen(features: Features | None) -> Features | None:
            return None if features is None else {name: array[rows] for name, array in features.items()}

        ids, identities = ([values[row] for row in rows] for values in (self.ids, self.identities))
        roles = [self.roles[row] for row in rows] if self.roles else ()
        features, hr, lr = (chosen(each) for each in (self.features, self.hr, self.lr))
        assert features is not None
        return replace(self, ids=ids, identities=identities, features=features, hr=hr, lr=lr, roles=roles)

    @property
    def people(self) -> list[str]:
        """The person on each image; see :func:`fsrbench.stats.intervals.people`."""
        return people(self.ids, dict(zip(self.ids, self.identities, strict=True)))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Result of a feature metric: a value per image (NaN without one) and, if it is not their mean, a summary."""

    values: np.ndarray | None
    """N values; ``None`` if only the whole set has one."""
    summary: Summary | None = None
    note: str = ""
    details: Mapping[str, float] = field(default_factory=dict)
    """Further numbers by name; fractions if the metric's unit is ``fraction``."""
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Curves by name, each K,2."""
    blocks: np.ndarray | None = None
    """Jackknife pseudo-values of a number of the whole set; see :mod:`fsrbench.stats.jackknife`."""
