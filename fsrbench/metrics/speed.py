"""Speed and size of a method: how what the timing run measured is reported."""

from __future__ import annotations

import numpy as np

from fsrbench.errors import Invalid
from fsrbench.metrics.base import SpeedMetric, Summary
from fsrbench.metrics.timing import QUERIES, SECONDS, THROUGHPUT_BATCH, WARM_UP, Readings
from fsrbench.stats import median_interval


class Latency(SpeedMetric):
    """Median time of one face."""

    name, title, unit, direction = "latency_ms", "Latency", "ms", "lower"
    protocol = (
        f"median of {QUERIES} queries at batch 1 (fewer if all methods' take over {SECONDS:.0f} s), {WARM_UP} warm-up "
        "calls, methods interleaved in one process, networks channels-last float32, LR already on the device, "
        "adapter's conversion and clipping in, file I/O and 8-bit rounding out, CUDA synchronised; bootstrap interval"
    )

    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """Median in ms with a bootstrap interval; the note has p90 and the ratio to the first method."""
        times = mine.latency_ms
        p50, p90 = np.percentile(times, [50, 90])
        note = f"p90 {p90:.2f} ms"
        if first is not None and first[1] is not mine:
            note += f", {p50 / np.median(first[1].latency_ms):.3g}x {first[0]}"
        return Summary(float(p50), *median_interval(times), len(times), note)


class Throughput(SpeedMetric):
    """Faces a second."""

    name, title, unit, digits = "throughput", "Throughput", "images/s", 0
    protocol = f"median of 5 batches of {THROUGHPUT_BATCH} after one more, networks channels-last float32, file I/O out"

    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """Images a second."""
        return Summary(mine.images_per_s, n=5)


class Parameters(SpeedMetric):
    """Size of the network."""

    name, title, unit, direction = "params", "Parameters", "M", "lower"
    protocol = "all parameters of the inference network, in millions"

    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """Millions of parameters."""
        return Summary(mine.parameters / 1e6, n=1)


class Flops(SpeedMetric):
    """Arithmetic of one face."""

    name, title, unit, direction = "flops", "FLOPs", "G", "lower"
    protocol = (
        "torch's FLOP counter (convolutions and matrix products) at batch 1, two FLOPs a multiply-add, "
        "in thousand millions"
    )

    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """GFLOPs.

        Raises:
            Invalid: the method is no torch network.
        """
        if mine.flops is None:
            raise Invalid("not a torch network: its FLOPs are not counted")
        return Summary(mine.flops / 1e9, n=1)


class PeakMemory(SpeedMetric):
    """Memory of one face."""

    name, title, unit, direction = "peak_memory", "Peak memory", "MB", "lower"
    protocol = (
        "peak bytes of live tensors at batch 1 plus weights, input left out (CUDA: the allocator's, work memory in)"
    )

    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """Megabytes (10^6).

        Raises:
            Invalid: the method is no torch network.
        """
        if mine.peak_bytes is None:
            raise Invalid("not a torch network: its memory is not seen")
        return Summary(mine.peak_bytes / 1e6, n=1)
