"""Speed and size as reported: units, the ratio to the first method, numbers that mean nothing."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.errors import Invalid
from fsrbench.metrics.base import SpeedMetric
from fsrbench.metrics.speed import Flops, Latency, Parameters, PeakMemory, Throughput
from fsrbench.metrics.timing import Readings


def readings_of(*milliseconds: float) -> Readings:
    return Readings(np.array(milliseconds), 50.0, 1_500_000, 2_000_000_000, 3_000_000)


def test_latency_is_the_median_with_its_interval_and_the_ratio_to_the_first():
    mine, first = readings_of(*range(1, 102)), readings_of(17, 17, 17)
    summary = Latency().read(mine, ("scgan", first))
    assert (summary.value, summary.n) == (51, 101)
    assert 30 < summary.ci_low < 51 < summary.ci_high < 72
    assert summary.note == "p90 91.00 ms, 3x scgan"


@pytest.mark.parametrize("first", [True, False])
def test_the_first_method_has_no_ratio_to_itself(first):
    mine = readings_of(1, 2, 3)
    assert Latency().read(mine, ("ours", mine) if first else None).note == "p90 2.80 ms"


def test_units():
    mine = readings_of(1, 2)
    values = [metric.read(mine, None).value for metric in (Throughput(), Parameters(), Flops(), PeakMemory())]
    assert values == [50, 1.5, 2, 3]


@pytest.mark.parametrize("metric", [Flops(), PeakMemory()], ids=lambda m: m.name)
def test_what_is_no_network_has_no_flops_and_no_memory(metric: SpeedMetric) -> None:
    mine = Readings(np.array([1.0]), 50.0, 0, flops=None, peak_bytes=None)
    with pytest.raises(Invalid, match="not a torch network"):
        metric.read(mine, None)
