"""The declared enlargement for networks and statistics that need larger pictures than a task gives."""

from __future__ import annotations

import numpy as np
from PIL import Image


def enlarge(picture: np.ndarray, side: int, kernel: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    """Enlarge a uint8 H,W,3 picture to a square by a Pillow kernel; one that is as large or larger stays as it is."""
    if min(picture.shape[:2]) >= side:
        return picture
    return np.asarray(Image.fromarray(picture).resize((side, side), kernel))
