"""The timing run: latency, throughput, size, FLOPs and memory of all methods, in one process after the scoring."""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from fsrbench.errors import FsrbenchError, Invalid, one_line
from fsrbench.methods import parameters
from fsrbench.methods.base import Method
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise

WARM_UP = 5
BATCHES = (1, 2, 4, 8, 16, 32, 64)
"""Batch sizes that throughput is measured at."""
THROUGHPUT_BATCH = 16
"""The batch size whose throughput tables show."""
REPEATS = 6
"""Timed batches of each size; the range of six covers the true median in 96.9 % of cases."""
BATCH_SECONDS = 3.0
"""Batches expected to take longer, by the smaller ones, are skipped, except the size that tables show."""
TABLE_SECONDS = 20.0
"""The longest that a batch of that size may take: a network for 512 px takes minutes on a CPU."""
WARM_UP_SECONDS = 10.0
"""Warming up stops after this time even if calls are left."""
T = TypeVar("T")


@dataclass(frozen=True)
class Effort:
    """How long latency is measured: at least this many queries of each method, and this many seconds in all."""

    queries: int
    seconds: float
    most_seconds: float
    """Measuring stops after this time even if queries are left."""


EFFORTS = {"quick": Effort(100, 0, 60), "full": Effort(1024, 60, 1800)}
"""``full`` follows the single-stream rules of MLPerf's inference benchmark: 1,024 queries and 60 seconds."""


@dataclass(eq=False)
class Readings:
    """The measurements of one method; ``None`` for those that were not possible."""

    latency_ms: np.ndarray
    images_per_s: dict[int, tuple[float, float, float]]
    """By batch size: images per second of the median, the slowest and the fastest batch."""
    parameters: int | None
    flops: int | None
    peak_bytes: int | None
    problems: dict[str, FsrbenchError] = field(default_factory=dict)
    """By metric: why it could not be measured; the other metrics are valid."""


def measure(
    methods: Mapping[str, Method],
    lr: Tensor,
    device: torch.device,
    wanted: Sequence[str],
    effort: Effort,
    changed: Mapping[str, set[str]] | None = None,
) -> dict[str, Readings | FsrbenchError]:
    """Time methods on LR images already on the device.

    Args:
        methods: loaded methods by name.
        lr: float N,3,h,w in [0, 1] on ``device``; latency rotates through the images.
        device: where the methods run.
        wanted: names of the metrics; what none of them needs is not measured.
        effort: how long latency is measured.
        changed: for each method, gets the names of the global settings that it changed.

    Returns:
        Readings of each method, or why it does not run at all.
    """
    standardise(0)
    bench = _Bench(methods, changed or {})
    with torch.inference_mode():
        bench.warm_up(lambda m: _warm_up(m, lr, device))
        latencies = _latencies(bench, lr, device, effort) if "latency_ms" in wanted else {}
        steps: dict[str, Callable[[Method], Any]] = {
            "throughput": lambda m: _throughput(m, lr, device),
            "flops": lambda m: _flops(m, lr[:1].clone()),
            "peak_memory": lambda m: _peak_bytes(m, lr[:1].clone(), device),
            "params": lambda m: m.count_parameters(),
        }
        measured = {metric: bench.each(metric, step) if metric in wanted else {} for metric, step in steps.items()}

    def readings(name: str) -> Readings:
        problems = bench.problems[name]
        return Readings(
            latency_ms=np.array([] if "latency_ms" in problems else latencies.get(name, [])),
            images_per_s=measured["throughput"].get(name, {}),
            parameters=measured["params"].get(name),
            flops=measured["flops"].get(name),
            peak_bytes=measured["peak_memory"].get(name),
            problems=problems,
        )

    return {name: bench.reasons.get(name) or readings(name) for name in methods}


class _Bench:
    """The methods being timed. One that does not run is dropped; one that raises later lacks only that metric."""

    def __init__(self, methods: Mapping[str, Method], changed: Mapping[str, set[str]]) -> None:
        self.running, self._changed = dict(methods), changed
        self.reasons: dict[str, FsrbenchError] = {}
        """Methods that do not run, and why."""
        self.problems: dict[str, dict[str, FsrbenchError]] = {name: {} for name in methods}
        """For the others, by method and metric: why it could not be measured."""

    def warm_up(self, step: Callable[[Method], object]) -> None:
        """Run each method and drop those that raise."""
        self.each("", step)
        for name, problems in list(self.problems.items()):
            if "" in problems:
                del self.running[name], self.problems[name]
                self.reasons[name] = problems[""]

    def each(self, metric: str, step: Callable[[Method], T]) -> dict[str, T]:
        """The result of a step for each method for which this metric has not failed yet."""
        results = {}
        for name, method in self.running.items():
            if metric in self.problems[name]:
                continue
            try:
                with contained(self._changed.get(name)):
                    results[name] = step(method)
            except FsrbenchError as error:
                self.problems[name][metric] = error
            except Exception as error:  # a method's code may raise anything
                self.problems[name][metric] = FsrbenchError(f"cannot be timed: {one_line(error)}")
        return results


def _latencies(bench: _Bench, lr: Tensor, device: torch.device, effort: Effort) -> dict[str, list[float]]:
    """Milliseconds per query at batch 1; methods take turns, so that a slow minute of the machine affects all."""
    samples: dict[str, list[float]] = {}
    start = time.perf_counter()
    for query in count():
        elapsed = time.perf_counter() - start
        if (query >= effort.queries and elapsed >= effort.seconds) or (query and elapsed > effort.most_seconds):
            return samples
        image = lr[query % len(lr), None]
        for name, seconds in bench.each("latency_ms", partial(_seconds, lr=image, device=device)).items():
            samples.setdefault(name, []).append(1e3 * seconds)
    raise AssertionError("count() does not end")


def _warm_up(method: Method, lr: Tensor, device: torch.device) -> None:
    spent = 0.0
    for query in range(WARM_UP):
        spent += _seconds(method, lr[query % len(lr), None], device)
        if spent > WARM_UP_SECONDS:
            return


def _throughput(method: Method, lr: Tensor, device: torch.device) -> dict[int, tuple[float, float, float]]:
    """Images per second by batch size, up to one that takes too long.

    Raises:
        Invalid: the size for tables would take too long.
    """
    images_per_s: dict[int, tuple[float, float, float]] = {}
    for size in BATCHES:
        expected = size / max((rate for rate, _, _ in images_per_s.values()), default=math.inf)
        if expected > BATCH_SECONDS and size > THROUGHPUT_BATCH:
            break
        if expected > BATCH_SECONDS and size < THROUGHPUT_BATCH:
            continue
        if expected > TABLE_SECONDS:
            raise Invalid(f"a batch of {size} would take {expected:.0f} s; latency_ms is measured")
        batch = lr.repeat(-(-size // len(lr)), 1, 1, 1)[:size]
        _seconds(method, batch, device)
        seconds = [_seconds(method, batch, device) for _ in range(REPEATS)]
        images_per_s[size] = (size / float(np.median(seconds)), size / max(seconds), size / min(seconds))
    return images_per_s


def _seconds(method: Method, lr: Tensor, device: torch.device) -> float:
    lr = lr.clone()  # a method may write into its input
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    method.upscale(lr)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _flops(method: Method, lr: Tensor) -> int | None:
    if method.network is None:
        return None
    from torch.utils.flop_counter import FlopCounterMode  # imports Triton

    # In inference mode the counter's dispatch hides the properties of parametrised layers (weight_norm, spectral_norm)
    with torch.inference_mode(False), torch.no_grad(), FlopCounterMode(display=False) as counter:
        method.upscale(lr.clone())
    flops = int(counter.get_total_flops())
    if not flops and any(tensor.ndim > 1 for tensor in parameters.learned_tensors(method.network)):
        raise Invalid("torch's FLOP counter sees none of its operations, as in quantised and fused networks")
    return flops


def _peak_bytes(method: Method, lr: Tensor, device: torch.device) -> int | None:
    if method.network is None:
        return None
    state: list[Tensor] = [*method.network.parameters(), *method.network.buffers()]
    own: int = sum(tensor.untyped_storage().nbytes() for tensor in state)
    if device.type == "cuda":
        before: int = torch.cuda.memory_allocated(device)  # includes the other methods' networks
        torch.cuda.reset_peak_memory_stats(device)
        method.upscale(lr)
        peak: int = torch.cuda.max_memory_allocated(device)
        return own + peak - before
    live = _LiveTensors()
    with live:
        method.upscale(lr)
    return own + live.peak


class _LiveTensors(TorchDispatchMode):
    """Counts the bytes of all live tensors made inside, for a peak that is the same on every run.

    A storage is counted when first seen and subtracted when freed; workspace inside kernels is not seen.
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
