"""Tones that are not those of the input: a range stretched, halved or shifted, or a gamma too many or too few."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from fsrbench.checks.finding import LEAST, Finding, Measured
from fsrbench.checks.tone_curves import name
from fsrbench.checks.view import FINE, View, reduced, rms

LEVELS: Final = np.array([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
"""Quantiles of grey at which tones are compared: noise and invented detail do not move them much."""
FEWER: Final = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
"""Quantiles of green from which a curve is named."""
SIDE: Final = 8
"""Side in pixels at which tones are read: LR's noise is averaged away as SR's was."""
MOST: Final = 6.0
"""Largest RMS deviation of the common tone curve in grey levels that is no finding: honest methods have up to 4.5."""
FLAT: Final = 8.0
"""Minimum distance between the outer quantiles of a reference, in grey levels."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``tones``: N,3,7, the :data:`LEVELS` of SR's, LR's and HR's grey in [0, 1].

    NaN if LR is flat or below 8 px, or SR deblurred.

    ``green``: N,4,5, finer, to identify the curve.

    Honest methods keep the tones of LR, or restore those of HR if LR has lost contrast: a fault is far from both.
    """
    tones = np.full((len(view.sr), 3, len(LEVELS)), np.nan)
    if view.lr.shape[1] >= SIDE:
        # The sum of the channels, as another check is for their order
        grey = [reduced(pictures, SIDE).sum(axis=3) for pictures in view.coarse if pictures is not None]
        tones[:, : len(grey)] = _quantiles(np.stack(grey, axis=1), LEVELS) / 3 / 255
        tones[view.deblurred | (255 * (tones[:, 1, -1] - tones[:, 1, 0]) < FLAT)] = np.nan
    return {"tones": tones, "green": _green(view)}


def _green(view: View) -> np.ndarray:
    """The :data:`FEWER` levels of the green channel at 64 px at most: of SR and LR at LR's size, of SR and HR: N,4,5.

    In [0, 1]. A curve acts on each channel and pixel alone, so it maps quantiles to quantiles, here approximately.
    """
    green = np.full((len(view.sr), 4, len(FEWER)), np.nan)
    pairs = [view.fine] if view.hr is None else [view.fine, (reduced(view.sr, FINE), reduced(view.hr, FINE))]
    for row, pair in enumerate(pairs):
        values = np.stack([pictures[..., 1] for pictures in pair], axis=1)
        green[:, 2 * row : 2 * row + 2] = _quantiles(values, FEWER) / 255
    return green


def _quantiles(pictures: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """NumPy's quantiles of each picture, N,K,H,W to N,K,levels, in a tenth of the time for few values."""
    ordered = np.sort(pictures.reshape(*pictures.shape[:2], -1), axis=2)
    places = levels * (ordered.shape[2] - 1)
    below = places.astype(int)
    lower, upper = ordered[..., below].astype(float), ordered[..., np.minimum(below + 1, ordered.shape[2] - 1)]
    quantiles: np.ndarray = lower + (upper - lower) * (places - below)
    return quantiles


def judge(measured: Measured) -> list[Finding]:
    """A finding if the median tone curve over the images leaves the diagonal, with the fault that it fits best."""
    tones = measured["tones"]
    found = [finding for reference in (1, 2) if (finding := _against(tones[:, 0], tones[:, reference])) is not None]
    nearest = min(found, key=lambda finding: finding.value, default=None)
    if nearest is None or nearest.value <= MOST or 2 * nearest.images <= nearest.of:
        return []
    green = measured["green"][~np.isnan(tones[:, :2]).any(axis=(1, 2))].astype(float)
    pairs = [(green[:, row], green[:, row + 1]) for row in (0, 2) if not np.isnan(green[:, row]).any()]
    return [replace(nearest, text=f"tones are {name(pairs)} ({nearest.text})")]


def _against(sr: np.ndarray, reference: np.ndarray) -> Finding | None:
    """How far SR's tones are from a reference's, whether that is a fault or not; ``None`` for too few images."""
    known = ~np.isnan(sr + reference).any(axis=1)
    if known.sum() < LEAST:
        return None
    sr, reference = sr[known], reference[known]
    deviation = float(rms(np.median(sr - reference, axis=0)[None])[0]) * 255
    shown = int((np.sqrt(((sr - reference) ** 2).mean(axis=1)) * 255 > MOST / 2).sum())
    text = f"{deviation:.0f} of 255 grey levels off on {shown} of {len(sr)} images"
    return Finding("tones", text, round(deviation, 2), MOST, shown, len(sr))
