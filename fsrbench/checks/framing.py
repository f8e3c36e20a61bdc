"""Faces that are not framed alike, as in unaligned crops: judged by the boxes that a metric's detector found."""

from __future__ import annotations

from typing import Final

import numpy as np

from fsrbench.checks.finding import Finding

DETECTORS: Final = ("mtcnn", "retinaface")
"""Detectors whose boxes are read; the first one available."""
SURE: Final = 0.9
"""Minimum confidence of a box."""
FEWEST: Final = 16
"""Minimum faces for a spread."""
HEIGHT: Final = 0.16
"""Largest spread of the boxes' heights, as a share of the median height: aligned faces have 0.03 to 0.1."""
PLACE: Final = 0.035
"""Largest spread of the boxes' middles up and down, as a share of the side: aligned faces have 0.01 to 0.02.
Sideways it says less, because faces turn."""


def judge(box: np.ndarray, confidence: np.ndarray, side: int) -> list[Finding]:
    """A finding if the faces' heights or places vary more than those of aligned faces; spreads are 1.48 times the MAD.

    Args:
        box: N,4: x0, y0, x1, y1 in pixels of the HR pictures.
        confidence: N.
        side: of the pictures in pixels.

    Example:
        >>> aligned = np.tile([14.0, 10, 50, 60], (20, 1)) + np.random.default_rng(0).normal(0, 1, (20, 4))
        >>> judge(aligned, np.ones(20), 64)
        []
    """
    boxes = box[confidence >= SURE] / side
    if len(boxes) < FEWEST:
        return []
    height, place = boxes[:, 3] - boxes[:, 1], (boxes[:, 1] + boxes[:, 3]) / 2
    typical = float(np.median(height))
    heights, places = _off(height) / max(typical, 1e-9), _off(place)
    spread, wander = _spread(heights), _spread(places)
    worst = max(spread / HEIGHT, wander / PLACE)
    if worst <= 1:
        return []
    images = int(((heights > HEIGHT) | (places > PLACE)).sum())
    text = (
        f"faces are not framed alike ({images} of {len(boxes)} images differ): their height varies by {spread:.0%}, "
        f"their place up and down by {wander:.0%} of the side; align them to one frame, as methods and protocols expect"
    )
    return [Finding("framing", text, round(worst, 3), 1.0, images, len(boxes))]


def _off(values: np.ndarray) -> np.ndarray:
    off: np.ndarray = np.abs(values - np.median(values))
    return off


def _spread(off: np.ndarray) -> float:
    return 1.4826 * float(np.median(off))
