"""Paste faces back into the photo, blended into their surroundings."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from fsrbench.photo.framing import Frame, pixel_centres, read, to_8_bits

FEATHER: Final = 0.35
"""Share of the way from a frame's border to its centre over which a face fades in."""
STRIP: Final = 256
"""Rows of the canvas blended at once: a face may fill all of a huge canvas."""


def mask(coordinates: np.ndarray) -> np.ndarray:
    """Opacity of the face at coordinates u + iv of a frame: 1 inside, falling smoothly to 0 at the border.

    The shape is between a circle and a square: the corners show background, but the chin comes near the border.
    """
    radius = (coordinates.real**4 + coordinates.imag**4) ** 0.25
    way = np.clip((1 - radius) / FEATHER, 0, 1)
    weights: np.ndarray = way**2 * (3 - 2 * way)
    return weights


def paste(canvas: Image.Image, frame: Frame, face: np.ndarray) -> None:
    """Paste a face into a frame of the canvas.

    Args:
        canvas: modified in place; pixels outside the frame do not change.
        frame: in pixels of the canvas.
        face: uint8 N,N,3, upright.
    """
    left, top, right, bottom = frame.box(canvas.size)
    side = max(1, round(frame.side))
    if side < len(face):  # reduced, so antialias
        face = np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC))
    for start in range(top, bottom, STRIP):
        strip = (left, start, right, min(start + STRIP, bottom))
        where = frame.inside(pixel_centres(strip))
        around = np.asarray(canvas.crop(strip), dtype=np.float64)
        shown = np.clip(read(face, where, "border"), 0, 255)
        blended = around + mask(where)[..., None] * (shown - around)
        canvas.paste(Image.fromarray(to_8_bits(blended)), (left, start))
