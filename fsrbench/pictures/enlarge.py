"""Enlarge pictures for networks and statistics that need larger ones than a task's."""

from __future__ import annotations

import numpy as np
from PIL import Image


def enlarge(picture: np.ndarray, side: int, kernel: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    """Enlarge a uint8 H,W,3 picture to a square of ``side`` px; larger ones are returned as they are."""
    if min(picture.shape[:2]) >= side:
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), kernel))
