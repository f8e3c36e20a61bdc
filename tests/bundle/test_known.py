"""The table of metrics that is read without torch is that of the classes."""

from __future__ import annotations

import numpy as np

from fsrbench.bundle.known import KNOWN, Kind
from fsrbench.metrics import BUILTIN, METRICS
from fsrbench.metrics.base import FeatureMetric, SpeedMetric
from fsrbench.runs.preference import JUDGED


def test_the_table_is_that_of_the_classes() -> None:
    assert set(KNOWN) == {*BUILTIN, *JUDGED}
    for name, known in ((name, known) for name, known in KNOWN.items() if name not in JUDGED):
        metric = METRICS.get(name)()
        assert (metric.unit, metric.direction, metric.bounds) == (known.unit, known.direction, known[2:4]), name
        assert bool(metric.infinite) == known.infinite, name
        assert isinstance(metric, SpeedMetric) == (known.kind is Kind.SPEED), name
        assert (known.kind is Kind.SET) <= isinstance(metric, FeatureMetric), name


def test_numbers_of_their_own_are_not_the_mean_of_scores() -> None:
    """Shares of right pairs by picture are not averaged over folds alike, so that a mean would be another number."""
    own = {name for name, known in KNOWN.items() if known.kind is Kind.OWN}
    assert own == {name for name in KNOWN if name.startswith("verification") or name == "identification_open"}
    assert all(np.isfinite(KNOWN[name].high) for name in own)
