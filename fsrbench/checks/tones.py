"""Tones that are not those of the input: a range stretched, halved or shifted, or a gamma too many or too few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from fsrbench.checks.finding import LEAST, Finding, Measured
from fsrbench.checks.view import View, luma

LEVELS: Final = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
"""Quantiles of luma at which tones are compared: noise and invented detail do not move them much."""
MOST: Final = 8.0
"""Largest RMS deviation of the common tone curve in grey levels that is no finding."""
FLAT: Final = 8.0
"""Least distance between the outer quantiles of a reference that tells anything."""
Curve = Callable[[np.ndarray], np.ndarray]
KNOWN: Final[dict[str, Curve]] = {
    "halved: was [0, 1] taken for [-1, 1], or 255 for 127?": lambda x: x / 2,
    "squeezed into the upper half: [-1, 1] was saved as (x + 1) / 2 twice": lambda x: (x + 1) / 2,
    "clipped below mid-grey: [-1, 1] was saved as if it were [0, 1]": lambda x: np.clip(2 * x - 1, 0, 1),
    "doubled and clipped": lambda x: np.clip(2 * x, 0, 1),
    "squeezed into 16 to 235 (video range)": lambda x: (16 + 219 * x) / 255,
    "stretched from 16 to 235 (video range)": lambda x: np.clip((255 * x - 16) / 219, 0, 1),
    "inverted": lambda x: 1 - x,
    "black: divided by 255 twice?": lambda x: x / 255,
}
"""Curves of known faults: from reference to SR, both in [0, 1]."""
GAMMAS: Final = np.geomspace(1 / 4, 4, 57)


def measure(view: View) -> dict[str, np.ndarray]:
    """``tones``: 2,7, the :data:`LEVELS` of SR's and of its reference's luma in [0, 1]; NaN of a flat reference."""
    sr, reference = (np.quantile(luma(picture), LEVELS) / 255 for picture in view.coarse)
    if 255 * (reference[-1] - reference[0]) < FLAT:
        return {"tones": np.full((2, len(LEVELS)), np.nan)}
    return {"tones": np.stack([sr, reference])}


def judge(measured: Measured) -> list[Finding]:
    """A finding if the median tone curve over the images leaves the diagonal, with the fault it fits best."""
    tones = measured["tones"]
    tones = tones[~np.isnan(tones).any(axis=(1, 2))]
    if len(tones) < LEAST:
        return []
    sr, reference = tones[:, 0], tones[:, 1]
    deviation = _rms(np.median(sr - reference, axis=0)) * 255
    apart = np.sqrt(((sr - reference) ** 2).mean(axis=1)) * 255
    shown = int((apart > MOST / 2).sum())
    if deviation <= MOST or 2 * shown <= len(tones):
        return []
    text = f"tones are {_name(sr, reference)} ({deviation:.0f} of 255 off, on {shown} of {len(tones)} images)"
    return [Finding("tones", text, round(deviation, 2), MOST, shown, len(tones))]


def _name(sr: np.ndarray, reference: np.ndarray) -> str:
    """The known fault that explains the curves, a gamma, or the straight line that fits best."""

    def error(curve: Curve) -> float:
        return float(np.median(np.sqrt(((curve(reference) - sr) ** 2).mean(axis=1))))

    gamma = min(GAMMAS, key=lambda power: error(lambda x: x**power))
    slope, offset = np.polyfit(reference.ravel(), sr.ravel(), 1)
    errors = {name: error(curve) for name, curve in KNOWN.items()}
    errors[f"raised to the power {gamma:.2f}: a gamma was applied, or one is missing"] = error(lambda x: x**gamma)
    best = min(errors, key=errors.__getitem__)
    line = f"{slope:.2f} times those of the input {'+' if offset >= 0 else '-'} {abs(255 * offset):.0f}"
    return best if errors[best] <= max(1.25 * error(lambda x: slope * x + offset), 2 / 255) else line


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))
