"""Name the fault behind a tone curve: the known fault or simple shape that fits best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

Curve = Callable[[np.ndarray], np.ndarray]
"""Maps the input's tones to SR's, both in [0, 1]."""
NEAR: Final = 2.5
"""RMS distance in grey levels up to which a curve explains the tones."""
EXPLAINED: Final = 0.15
"""The same as a share of how far the tones are off: methods change tones a little, too."""
SIMPLER: Final = 0.1
"""Also such a share: up to this distance, a curve is as good as one with more parameters."""
CLEARLY: Final = 1.3
"""A curve is clearly better than another if the other's distance is more than this multiple of its own."""
PLACES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Tones at which a curve without a name is shown."""
LINEAR: Final = 0.04045
"""Where sRGB's curve begins to be a power (IEC 61966-2-1), in sRGB values."""


def to_linear(values: np.ndarray) -> np.ndarray:
    """Light from sRGB values (IEC 61966-2-1)."""
    light: np.ndarray = np.where(values <= LINEAR, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return light


def to_srgb(light: np.ndarray) -> np.ndarray:
    """SRGB values from light."""
    values: np.ndarray = np.where(
        light <= LINEAR / 12.92, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    )
    return values


KNOWN: Final[dict[str, Curve]] = {
    "halved: was [0, 1] taken for [-1, 1], or 255 for 127?": lambda x: x / 2,
    "squeezed into the upper half: [-1, 1] was saved as (x + 1) / 2 twice": lambda x: (x + 1) / 2,
    "clipped below mid-grey: [-1, 1] was saved as if it were [0, 1]": lambda x: 2 * x - 1,
    "doubled and clipped": lambda x: 2 * x,
    "squeezed into 16 to 235 (video range)": lambda x: (16 + 219 * x) / 255,
    "stretched from 16 to 235 (video range) to 0 to 255": lambda x: (255 * x - 16) / 219,
    "inverted": lambda x: 1 - x,
    "black: divided by 255 twice?": lambda x: x / 255,
    "raised to the power 2.2: of linear light, sRGB's curve is missing": to_linear,
    "raised to the power 0.45: sRGB's curve was applied twice": to_srgb,
}
"""Faults without parameters; values are clipped to [0, 1]."""


class Fit(NamedTuple):
    """A shape fitted to tones."""

    numbers: int
    """Number of fitted parameters."""
    error: float
    """RMS distance in grey levels: the median over the images."""
    name: str


def name(tones: Sequence[tuple[np.ndarray, np.ndarray]]) -> str:
    """What was done to the tones, if one curve explains them clearly; else the curve itself at some tones.

    A known fault first; then curves with one parameter (a power, a factor, an offset); then a factor and an offset,
    clipped.

    Args:
        tones: for each reference, quantiles of SR and of the reference in [0, 1], both N,Q; the reference that a curve
            explains best is used.
    """
    return min((_best(sr, reference) for sr, reference in tones), key=lambda best: best[0])[1]


def _best(sr: np.ndarray, reference: np.ndarray) -> tuple[float, str]:
    """The least distance of any curve, and the name of the fault."""
    known = [Fit(0, _error(curve, sr, reference), text) for text, curve in KNOWN.items()]
    fits = sorted([*known, *_fitted(sr, reference), _line(sr, reference)], key=lambda fit: fit.error)
    off = _error(lambda x: x, sr, reference)
    good = [fit for fit in fits if fit.error <= max(NEAR, SIMPLER * off, CLEARLY * fits[0].error)]
    chosen, *others = sorted(good, key=lambda fit: (fit.numbers, fit.error))
    doubtful = any(fit.numbers == chosen.numbers and fit.error < CLEARLY * chosen.error for fit in others)
    if doubtful or chosen.error > max(NEAR, EXPLAINED * off):
        return fits[0].error, _shown(sr, reference)
    return fits[0].error, chosen.name


def _error(curve: Curve, sr: np.ndarray, reference: np.ndarray) -> float:
    made = np.sort(np.clip(curve(reference), 0, 1), axis=1)  # inverted, quantiles change places
    return 255 * float(np.median(np.sqrt(((made - sr) ** 2).mean(axis=1))))


def _fitted(sr: np.ndarray, reference: np.ndarray) -> list[Fit]:
    """The best power, factor and offset."""

    def best(shape: Callable[[float], Curve], least: float, most: float) -> tuple[float, float]:
        def error(number: float) -> float:
            return _error(shape(number), sr, reference)

        start, step = min(np.linspace(least, most, 33), key=error), (most - least) / 32
        found = minimize_scalar(error, bounds=(start - step, start + step), method="bounded")
        return float(found.x), float(found.fun)

    power, by_power = best(lambda p: lambda x: x ** np.exp(p), -1.6, 1.6)
    factor, by_factor = best(lambda p: lambda x: np.exp(p) * x, -6, 2)
    offset, by_offset = best(lambda p: lambda x: x + p, -0.8, 0.8)
    return [
        Fit(1, by_power, f"raised to the power {np.exp(power):.2f}: a gamma was applied, or one is missing"),
        Fit(1, by_factor, f"{np.exp(factor):.2f} times those of the input: check the range"),
        Fit(1, by_offset, f"those of the input {255 * offset:+.0f}: check what was added"),
    ]


def _line(sr: np.ndarray, reference: np.ndarray) -> Fit:
    """The straight line, by least squares on what is not clipped."""
    within = (sr > 2 / 255) & (sr < 253 / 255)
    if within.sum() < sr.shape[1] or np.ptp(reference[within]) < 0.05:
        return Fit(2, np.inf, "")
    slope, offset = np.polyfit(reference[within], sr[within], 1)
    text = f"{slope:.2f} times those of the input {'+' if offset >= 0 else '-'} {abs(255 * offset):.0f}"
    return Fit(2, _error(lambda x: slope * x + offset, sr, reference), f"{text}: check the range")


def _shown(sr: np.ndarray, reference: np.ndarray) -> str:
    """SR's tones at some of the input's, from tones nearby."""
    pairs = []
    for place in PLACES:
        near = np.abs(reference - place) < 0.1
        if near.any():
            lines = np.polyfit(reference[near] - place, sr[near], 1 if np.ptp(reference[near]) > 0.02 else 0)
            pairs.append(f"{255 * place:.0f} to {255 * np.clip(lines[-1], 0, 1):.0f}")
    return f"other than those of the input ({', '.join(pairs)} of 255)"
