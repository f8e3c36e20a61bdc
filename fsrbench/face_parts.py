"""Where eyes and mouth are, to show them enlarged: what super-resolution gets wrong is seen there first."""

from __future__ import annotations

from typing import Final

import numpy as np

from fsrbench.errors import FsrbenchError
from fsrbench.images import to_tensor
from fsrbench.metrics.features import EXTRACTORS
from fsrbench.reports.grids import PART_ASPECT, Box

EYES: Final = slice(36, 48)
MOUTH: Final = slice(48, 68)
"""Of the 68 points of Multi-PIE."""
ROOM: Final = 1.5
"""Width of a part by the width of its points."""


def face_parts(pictures: np.ndarray) -> list[list[Box]]:
    """Eyes and mouth of each face, found by the face alignment network.

    Args:
        pictures: uint8 N,H,W,3, a face each; HR where there is one.

    Returns:
        Two boxes a picture, all of one shape; nothing where the network is not installed.
    """
    try:
        extractor = EXTRACTORS.get("fan")()
        extractor.check()
    except FsrbenchError:
        return []
    height, width = pictures.shape[1:3]
    landmarks = extractor.extract(to_tensor(pictures), {})["landmarks"] + 0.5
    return [[_box(points[part], width, height) for part in (EYES, MOUTH)] for points in landmarks]


def _box(points: np.ndarray, width: int, height: int) -> Box:
    """A box of the parts' shape around some points, moved into the picture."""
    wide = min(ROOM * float(np.ptp(points[:, 0])), width)
    tall = min(wide / PART_ASPECT, height)
    left, top = (points.min(axis=0) + points.max(axis=0)) / 2 - (wide / 2, tall / 2)
    left, top = float(np.clip(left, 0, width - wide)), float(np.clip(top, 0, height - tall))
    return left / width, top / height, (left + wide) / width, (top + tall) / height
