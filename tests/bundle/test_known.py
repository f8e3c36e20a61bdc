"""Bundles are checked against what the metrics declare, read without torch."""

from __future__ import annotations

import numpy as np

from fsrbench.bundle.known import FILE, KNOWN, Kind
from fsrbench.metrics import BUILTIN, METRICS
from fsrbench.metrics.base import FeatureMetric, SpeedMetric
from fsrbench.runs.preference import JUDGED
from tools.docs.bundle_metrics import declared


def test_the_shipped_file_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == declared(), "run python -m tools.docs.bundle_metrics"
    assert set(KNOWN) == {*BUILTIN, *JUDGED}


def test_it_says_what_the_classes_say() -> None:
    assert KNOWN["psnr"] == ("dB", "higher", 0, np.inf, Kind.MEAN, True)
    for name in BUILTIN:
        metric, known = METRICS.get(name)(), KNOWN[name]
        assert (metric.unit, metric.direction, metric.bounds) == (*known[:2], known[2:4]), name
        assert isinstance(metric, SpeedMetric) == (known.kind is Kind.SPEED), name
        assert (known.kind is Kind.SET) <= isinstance(metric, FeatureMetric), name


def test_numbers_of_their_own_are_not_the_mean_of_scores() -> None:
    """Shares of right pairs by picture are not averaged over folds alike, so that a mean would be another number."""
    own = {name for name, known in KNOWN.items() if known.kind is Kind.OWN}
    assert own == {name for name in KNOWN if name.startswith("verification") or name == "identification_open"}
    assert all(np.isfinite(KNOWN[name].high) for name in own)
