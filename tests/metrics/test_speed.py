"""Speed and size as reported: units, the ratio to the base method, numbers that mean nothing."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.errors import Invalid
from fsrbench.methods.timing import Readings
from fsrbench.metrics.base import SpeedMetric
from fsrbench.metrics.speed import Flops, Latency, Parameters, PeakMemory, Throughput


def readings_of(*milliseconds: float) -> Readings:
    return Readings(
        np.array(milliseconds),
        {1: (20, 19, 22), 16: (50, 45, 53), 4: (40, 40, 40)},
        1_500_000,
        2_000_000_000,
        3_000_000,
    )


def test_latency_is_the_median_with_its_interval_and_the_ratio_to_the_first():
    mine, first = readings_of(*range(1, 102)), readings_of(17, 17, 17)
    evaluation = Latency().read(mine, ("scgan", first))
    summary = evaluation.summary
    assert summary is not None
    assert (summary.value, summary.n) == (51, 101)
    assert 30 < summary.ci_low < 51 < summary.ci_high < 72
    assert evaluation.note == "p90 91.00 ms, 3.00x scgan"
    assert evaluation.details == {"p50": 51, "p90": 91, "p99": 100, "ratio": 3}


@pytest.mark.parametrize("first", [True, False])
def test_the_first_method_has_no_ratio_to_itself(first):
    mine = readings_of(1, 2, 3)
    assert Latency().read(mine, ("ours", mine) if first else None).note == "p90 2.80 ms"


def test_units():
    mine = readings_of(1, 2)
    summaries = [metric.read(mine, None).summary for metric in (Throughput(), Parameters(), Flops(), PeakMemory())]
    assert [s.value for s in summaries if s] == [50, 1.5, 2, 3]


def test_throughput_is_between_the_slowest_and_the_fastest_batch():
    summary = Throughput().read(readings_of(1), None).summary
    assert summary is not None
    assert (summary.value, summary.ci_low, summary.ci_high, summary.n) == (50, 45, 53, 6)


def test_throughput_has_a_curve_by_batch_size():
    assert Throughput().read(readings_of(1), None).curves["batch"].tolist() == [[1, 20], [4, 40], [16, 50]]


@pytest.mark.parametrize("metric", [Flops(), PeakMemory()], ids=lambda m: m.name)
def test_without_a_network_there_are_no_flops_and_no_memory(metric: SpeedMetric) -> None:
    mine = Readings(np.array([1.0]), {16: (50, 50, 50)}, 0, flops=None, peak_bytes=None)
    with pytest.raises(Invalid, match="not a torch network"):
        metric.read(mine, None)
