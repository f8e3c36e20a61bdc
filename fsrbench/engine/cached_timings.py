"""Timing, cached for the same methods on the same machine: an added metric does not repeat it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from fsrbench.engine.store import Store, key_of, pack_json, unpack_json
from fsrbench.errors import FsrbenchError
from fsrbench.machine.facts import machine, speed_facts
from fsrbench.methods.base import Method
from fsrbench.methods.timing import Effort, Readings, measure
from fsrbench.pictures.decode import to_tensor
from fsrbench.provenance import versions

TIMINGS = "timings"


def time_methods(
    store: Store,
    methods: Mapping[str, Method],
    lr: np.ndarray,
    device: torch.device,
    wanted: Sequence[str],
    effort: Effort,
    changed: Mapping[str, set[str]] | None = None,
) -> dict[str, Readings | FsrbenchError]:
    """Time the methods or read stored readings; other arguments as in :func:`fsrbench.methods.timing.measure`.

    Methods take turns, so all are timed again if one is added. Readings are not stored if a method failed or its
    fingerprint is incomplete.

    Args:
        store: of the run.
        lr: uint8 N,h,w,3.
    """
    key = key_of(
        methods={name: method.fingerprint() for name, method in methods.items()},
        lr=hashlib.sha256(lr.tobytes()).hexdigest(),
        machine=[machine(device), speed_facts()],
        metrics=sorted(wanted),
        effort=effort,
        versions=versions.needed(),
    )
    if (stored := store.get(TIMINGS, key)) is not None:
        return dict(_unpack(stored))
    readings = measure(methods, to_tensor(lr).to(device), device, wanted, effort, changed)
    good = {name: r for name, r in readings.items() if isinstance(r, Readings) and not r.problems}
    if len(good) == len(readings) and all(method.is_known() for method in methods.values()):
        store.put(TIMINGS, key, _pack(good))
    return readings


def _pack(readings: Mapping[str, Readings]) -> dict[str, np.ndarray]:
    numbers = {
        name: [list(r.images_per_s.items()), r.parameters, r.flops, r.peak_bytes] for name, r in readings.items()
    }
    return {f"latency {name}": r.latency_ms for name, r in readings.items()} | {"numbers": pack_json(numbers)}


def _unpack(stored: Mapping[str, np.ndarray]) -> dict[str, Readings]:
    numbers = unpack_json(stored["numbers"])
    return {
        name: Readings(stored[f"latency {name}"], {int(batch): tuple(rate) for batch, rate in rates}, *counted)
        for name, (rates, *counted) in numbers.items()
    }
