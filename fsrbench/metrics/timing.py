"""Speed and size: latency, throughput, parameters, FLOPs and memory, measured in one process after the quality run."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from fsrbench.errors import FsrbenchError, Invalid
from fsrbench.methods import Method
from fsrbench.metrics.base import SpeedMetric, Summary
from fsrbench.stats import median_interval

WARM_UP = 5
QUERIES = 100
SECONDS = 60.0
"""Latency ends after this many seconds for all methods together, if the queries are not done by then."""
THROUGHPUT_BATCH = 16


@dataclass
class Readings:
    """What was measured of one method; ``None`` where it could not be."""

    latency_ms: np.ndarray
    images_per_s: float
    parameters: int
    flops: int | None
    peak_bytes: int


def measure(
    methods: Mapping[str, Method], lr: Tensor, device: torch.device, wanted: Sequence[str]
) -> dict[str, Readings | FsrbenchError]:
    """Time methods on LR images already on the device.

    Args:
        methods: loaded methods by name.
        lr: float N,3,h,w in [0, 1] on ``device``; latency rotates through the images.
        device: where the methods run.
        wanted: the metrics asked for; what none of them reads is not measured.

    Returns:
        Readings of each method, or why it could not be timed.
    """
    results: dict[str, Readings | FsrbenchError] = {}
    running = {}
    with torch.inference_mode():
        for name, method in methods.items():
            try:
                for i in range(WARM_UP):
                    method.upscale(lr[i % len(lr), None])
                running[name] = method
            except Exception as error:  # a method's code may raise anything
                results[name] = Invalid(f"cannot be timed: {type(error).__name__}: {error}")
        latencies = _latencies(running, lr, device) if "latency_ms" in wanted else {}
        for name, method in running.items():
            results[name] = Readings(
                latency_ms=latencies.get(name, np.array([])),
                images_per_s=_throughput(method, lr, device) if "throughput" in wanted else float("nan"),
                parameters=_parameters(method),
                flops=_flops(method, lr[:1]) if "flops" in wanted else None,
                peak_bytes=_peak_bytes(method, lr[:1], device) if "peak_memory" in wanted else 0,
            )
    return results


def _latencies(methods: Mapping[str, Method], lr: Tensor, device: torch.device) -> dict[str, np.ndarray]:
    """Milliseconds a query at batch 1; methods take turns, so that a slow minute of the machine hits all alike."""
    samples: dict[str, list[float]] = {name: [] for name in methods}
    end = time.perf_counter() + SECONDS
    for query in range(QUERIES):
        image = lr[query % len(lr), None]
        for name, method in methods.items():
            samples[name].append(1e3 * _seconds(method, image, device))
        if time.perf_counter() > end:
            break
    return {name: np.array(values) for name, values in samples.items()}


def _throughput(method: Method, lr: Tensor, device: torch.device) -> float:
    repeats = -(-THROUGHPUT_BATCH // len(lr))
    batch = lr.repeat(repeats, 1, 1, 1)[:THROUGHPUT_BATCH]
    method.upscale(batch)
    return THROUGHPUT_BATCH / float(np.median([_seconds(method, batch, device) for _ in range(5)]))


def _seconds(method: Method, lr: Tensor, device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    method.upscale(lr)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _parameters(method: Method) -> int:
    return sum(p.numel() for p in method.network.parameters()) if method.network is not None else 0


def _flops(method: Method, lr: Tensor) -> int | None:
    if method.network is None:
        return None
    with FlopCounterMode(display=False) as counter:
        method.upscale(lr)
    return int(counter.get_total_flops())


def _peak_bytes(method: Method, lr: Tensor, device: torch.device) -> int:
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        method.upscale(lr)
        return int(torch.cuda.max_memory_allocated(device))
    state: list[Tensor] = [] if method.network is None else [*method.network.parameters(), *method.network.buffers()]
    with _LiveTensors() as live:
        method.upscale(lr)
    return live.peak + sum(int(tensor.untyped_storage().nbytes()) for tensor in state)


class _LiveTensors(TorchDispatchMode):
    """Follows the bytes of all tensors made inside, for a peak that is the same on every run.

    A storage is counted once, when first seen, and taken off when it is freed; work memory inside kernels is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.peak = self._live = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = {t.untyped_storage()._cdata for t in _tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            storage = tensor.untyped_storage()
            if storage._cdata not in before | self._known:
                self._known.add(storage._cdata)
                self._live += storage.nbytes()
                weakref.finalize(storage, self._free, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self._live)
        return result

    def _free(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._live -= size


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


class Latency(SpeedMetric):
    """Median time of one face."""

    name, title, unit, direction = "latency_ms", "Latency", "ms", "lower"
    protocol = (
        f"median of {QUERIES} queries at batch 1 (fewer if they take over {SECONDS:.0f} s), {WARM_UP} warm-up calls, "
        "methods interleaved in one process, channels-last float32, conversion and clipping in, file I/O out"
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
    protocol = f"median of 5 batches of {THROUGHPUT_BATCH}, channels-last float32, file I/O out"

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
    protocol = "torch's FLOP counter at batch 1, two FLOPs a multiply-add, in thousand millions"

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
    protocol = "peak bytes of live tensors at batch 1, weights included (CUDA: the allocator's peak)"

    def read(self, mine: Readings, first: tuple[str, Readings] | None) -> Summary:
        """Megabytes (10^6)."""
        return Summary(mine.peak_bytes / 1e6, n=1)
