"""All checks of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fsrbench.checks import duplicates, enlarged
from fsrbench.checks.finding import Finding, Measured


def measure(hr: np.ndarray) -> dict[str, np.ndarray]:
    """Measure HR pictures for the checks; without HR, what is measured of methods is enough.

    Args:
        hr: uint8 N,H,W,3.
    """
    if not len(hr):
        return {}
    return {"data_thumbnail": duplicates.thumbnails(hr), "spectrum": enlarged.measure(hr)}


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """What is wrong with the data."""
    found = [*enlarged.judge(measured)] if "spectrum" in measured else []
    return found + (duplicates.judge_data(measured, ids) if "data_thumbnail" in measured else [])
