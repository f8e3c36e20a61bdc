"""Values that are hard to draw."""

from __future__ import annotations

import math

NAN = math.nan


METHODS = ("bicubic", "scgan", "ours")


def values(methods=METHODS, hr=True, latency=True):
    """Values of a few metrics that differ between methods."""
    given = {
        "psnr": {name: (20.0 + i, 19.5 + i, 20.6 + i) for i, name in enumerate(methods)},
        "niqe": {name: (8.0 - 0.2 * i, NAN, NAN) for i, name in enumerate(methods)},
    }
    if latency:
        given["latency_ms"] = {name: (1.0 + 7.0 * i, 0.9 + 7.0 * i, 1.2 + 7.0 * i) for i, name in enumerate(methods)}
    if hr:
        given["niqe"]["hr"] = 4.0
    return given


BASELINES = [
    "nearest",
    "bilinear",
    "bicubic",
    "lanczos",
    "ours",
    "ours-paper",
    "ours-psnr",
    "ours-short",
    "progressive",
    "scgan",
]
