"""Speed and size of a method, read from its timing run."""

from __future__ import annotations

import numpy as np

from fsrbench.errors import Invalid
from fsrbench.methods.timing import BATCHES, EFFORTS, REPEATS, THROUGHPUT_BATCH, WARM_UP, Readings
from fsrbench.metrics.base import SpeedMetric
from fsrbench.metrics.evaluation import Evaluation, Summary
from fsrbench.metrics.facts import Facts
from fsrbench.runs.digits import significant
from fsrbench.stats.intervals import median_interval


class TimedMetric(SpeedMetric):
    """A measured time: comparable only if all methods take turns in one process."""

    def check(self, facts: Facts) -> None:
        """As :meth:`Metric.check`.

        Raises:
            Invalid: methods run in processes of their own.
        """
        super().check(facts)
        if facts.isolated:
            raise Invalid("not timed with --isolate: methods must take turns in one process; run again without it")


class Latency(TimedMetric):
    """Median time of one face in ms, at batch 1; not negative, lower is better.

    Example:
        >>> Latency().read(Readings(np.array([1.9, 2.0, 2.6]), {}, None, None, None), None).summary.value
        2.0
    """

    name, title, unit, direction = "latency_ms", "Latency", "ms", "lower"
    protocol = (
        f"median of the queries at batch 1 (quick: {EFFORTS['quick'].queries}; full, as MLPerf's single stream: at "
        f"least {EFFORTS['full'].queries} and {EFFORTS['full'].seconds:.0f} s), {WARM_UP} warm-up calls, methods "
        "interleaved in one process, networks channels-last float32, LR already on the device, adapter's conversion "
        "and clipping in, file I/O and 8-bit rounding out, CUDA synchronised; bootstrap interval"
    )

    def read(self, readings: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """Median in ms with a bootstrap interval; details have percentiles and the ratio to the base method."""
        times = readings.latency_ms
        p50, p90, p99 = (float(p) for p in np.percentile(times, [50, 90, 99]))
        details, note = {"p50": p50, "p90": p90, "p99": p99}, f"p90 {p90:.2f} ms"
        if base is not None:
            details["ratio"] = p50 / float(np.median(base[1].latency_ms))
            note += f", {significant(details['ratio'])}x {base[0]}" if base[1] is not readings else ""
        return Evaluation(None, Summary(p50, *median_interval(times), len(times)), note, details)


class Throughput(TimedMetric):
    """Faces per second at batch 16, median of several batches; not negative, higher is better.

    Example:
        >>> readings = Readings(np.array([2.0]), {16: (520.0, 500.0, 530.0)}, None, None, None)
        >>> Throughput().read(readings, None).summary.value
        520.0
    """

    name, title, unit, digits = "throughput", "Throughput", "images/s", 0
    protocol = (
        f"median of {REPEATS} batches of {THROUGHPUT_BATCH} after one more, interval from the slowest to the fastest; "
        "networks channels-last float32, file I/O out; "
        f"batch sizes {BATCHES[0]} to {BATCHES[-1]} in curves.csv"
    )

    def read(self, readings: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """Images per second; the curve has them by batch size."""
        curve = np.array([(size, rates[0]) for size, rates in sorted(readings.images_per_s.items())], dtype=np.float64)
        return Evaluation(None, Summary(*readings.images_per_s[THROUGHPUT_BATCH], n=REPEATS), curves={"batch": curve})


class Parameters(SpeedMetric):
    """Learned parameters of the network, in millions; not negative, lower is better.

    Example:
        >>> Parameters().read(Readings(np.array([2.0]), {}, 11_200_000, None, None), None).summary.value
        11.2
    """

    name, title, unit, direction = "params", "Parameters", "M", "lower"
    exact = True
    protocol = "all parameters of the inference network, in millions"

    def read(self, readings: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """Millions of parameters.

        Raises:
            Invalid: they cannot be counted.
        """
        if readings.parameters is None:
            raise Invalid(
                "its parameters cannot be counted: a function hides its network (name the network itself, or write a "
                "class)"
            )
        return Evaluation(None, Summary(readings.parameters / 1e6, n=1))


class Flops(SpeedMetric):
    """Floating-point operations for one face, in 10^9; not negative, lower is better.

    Example:
        >>> Flops().read(Readings(np.array([2.0]), {}, None, 7_000_000_000, None), None).summary.value
        7.0
    """

    name, title, unit, direction = "flops", "FLOPs", "G", "lower"
    exact = True
    protocol = (
        "torch's FLOP counter (convolutions and matrix products) at batch 1, two FLOPs a multiply-add, "
        "in thousand millions"
    )

    def read(self, readings: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """GFLOPs.

        Raises:
            Invalid: the method is not a torch network.
        """
        if readings.flops is None:
            raise Invalid("not a torch network: its FLOPs are not counted")
        return Evaluation(None, Summary(readings.flops / 1e9, n=1))


class PeakMemory(SpeedMetric):
    """Peak memory for one face, in MB (10^6 bytes); not negative, lower is better.

    Example:
        >>> PeakMemory().read(Readings(np.array([2.0]), {}, None, None, 96_000_000), None).summary.value
        96.0
    """

    name, title, unit, direction = "peak_memory", "Peak memory", "MB", "lower"
    exact = True
    protocol = (
        "peak bytes of live tensors at batch 1 plus weights, input left out (CUDA: the allocator's, work memory in)"
    )

    def read(self, readings: Readings, base: tuple[str, Readings] | None) -> Evaluation:
        """Megabytes (10^6).

        Raises:
            Invalid: the method is not a torch network.
        """
        if readings.peak_bytes is None:
            raise Invalid("not a torch network: its memory is not seen")
        return Evaluation(None, Summary(readings.peak_bytes / 1e6, n=1))
