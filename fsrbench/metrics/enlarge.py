"""One declared enlargement for the networks and statistics that need larger pictures than a task gives."""

from __future__ import annotations

import numpy as np
from PIL import Image

ENLARGED = 256
"""Side in pixels that small pictures are enlarged to."""


def enlarge(picture: np.ndarray) -> np.ndarray:
    """Enlarge a uint8 H,W,3 picture to 256 px by Pillow's BICUBIC; one that is as large or larger stays as it is."""
    if min(picture.shape[:2]) >= ENLARGED:
        return picture
    return np.asarray(Image.fromarray(picture).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC))
