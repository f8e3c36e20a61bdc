"""Tones that are not those of the input: a range stretched, halved or shifted, or a gamma too many or too few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from fsrbench.checks.finding import LEAST, Finding, Measured
from fsrbench.checks.view import View, reduced, rms

LEVELS: Final = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
"""Quantiles of grey at which tones are compared: noise and invented detail do not move them much."""
SIDE: Final = 8
"""Side in pixels at which tones are read: LR's noise is averaged away as SR's was."""
MOST: Final = 8.0
"""Largest RMS deviation of the common tone curve in grey levels that is no finding."""
FLAT: Final = 8.0
"""Least distance between the outer quantiles of a reference that tells anything."""
NEAR: Final = 3.0
"""Grey levels up to which a known fault explains the tones well enough."""
Curve = Callable[[np.ndarray], np.ndarray]
KNOWN: Final[dict[str, Curve]] = {
    "halved: was [0, 1] taken for [-1, 1], or 255 for 127?": lambda x: x / 2,
    "squeezed into the upper half: [-1, 1] was saved as (x + 1) / 2 twice": lambda x: (x + 1) / 2,
    "clipped below mid-grey: [-1, 1] was saved as if it were [0, 1]": lambda x: np.clip(2 * x - 1, 0, 1),
    "doubled and clipped": lambda x: np.clip(2 * x, 0, 1),
    "squeezed into 16 to 235 (video range)": lambda x: (16 + 219 * x) / 255,
    "inverted": lambda x: 1 - x,
    "black: divided by 255 twice?": lambda x: x / 255,
}
"""Curves of known faults: from reference to SR, both in [0, 1]."""
GAMMAS: Final = np.geomspace(1 / 4, 4, 57)


def measure(view: View) -> dict[str, np.ndarray]:
    """``tones``: 3,7, the :data:`LEVELS` of SR's, LR's and HR's grey in [0, 1]; NaN where LR is flat or HR missing.

    Honest methods keep the tones of LR, or restore those of HR where LR has lost contrast: a fault is far from both.
    """
    tones = np.full((3, len(LEVELS)), np.nan)
    for row, picture in enumerate(view.coarse):
        if picture is not None:
            # The mean of the channels, whatever their order: that is another check's
            tones[row] = np.quantile(reduced(picture, SIDE).mean(axis=2), LEVELS) / 255
    return {"tones": tones if 255 * (tones[1, -1] - tones[1, 0]) >= FLAT else np.full_like(tones, np.nan)}


def judge(measured: Measured) -> list[Finding]:
    """A finding if the median tone curve over the images leaves the diagonal, with the fault that it fits best."""
    tones = measured["tones"]
    found = [finding for reference in (1, 2) if (finding := _against(tones[:, 0], tones[:, reference])) is not None]
    nearest = min(found, key=lambda finding: finding.value, default=None)
    return [nearest] if nearest and nearest.value > MOST and 2 * nearest.images > nearest.of else []


def _against(sr: np.ndarray, reference: np.ndarray) -> Finding | None:
    """How far SR's tones are from a reference's, whether that is a fault or not; ``None`` of too few images."""
    known = ~np.isnan(sr + reference).any(axis=1)
    if known.sum() < LEAST:
        return None
    sr, reference = sr[known], reference[known]
    deviation = rms(np.median(sr - reference, axis=0)) * 255
    shown = int((np.sqrt(((sr - reference) ** 2).mean(axis=1)) * 255 > MOST / 2).sum())
    name = _name(sr, reference) if deviation > MOST else "right"
    text = f"tones are {name} ({deviation:.0f} of 255 grey levels off on {shown} of {len(sr)} images)"
    return Finding("tones", text, round(deviation, 2), MOST, shown, len(sr))


def _name(sr: np.ndarray, reference: np.ndarray) -> str:
    """The known fault that explains the curves; else a gamma, or the straight line that fits best."""

    def error(curve: Curve) -> float:
        return float(np.median(np.sqrt(((np.sort(curve(reference), axis=1) - sr) ** 2).mean(axis=1))))

    known = min(KNOWN, key=lambda name: error(KNOWN[name]))
    gamma = min(GAMMAS, key=lambda power: error(lambda x: x**power))
    slope, offset = np.polyfit(reference.ravel(), sr.ravel(), 1)
    by_gamma, by_line = error(lambda x: x**gamma), error(lambda x: slope * x + offset)
    if error(KNOWN[known]) <= max(2 * min(by_gamma, by_line), NEAR / 255):
        return known
    if by_gamma <= by_line:
        return f"raised to the power {gamma:.2f}: a gamma was applied, or one is missing"
    return (
        f"{slope:.2f} times those of the input {'+' if offset >= 0 else '-'} {abs(255 * offset):.0f}: check the range"
    )
