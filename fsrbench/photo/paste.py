"""Faces back into the photo, blended into what is around them."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from fsrbench.photo.framing import Frame, pixel_centres, read, to_8_bits

FEATHER: Final = 0.35
"""Share of the way from a frame's border to its centre on which a face fades in."""
STRIP: Final = 256
"""Rows of the canvas that are blended at once; a face may fill all of a huge one."""


def mask(coordinates: np.ndarray) -> np.ndarray:
    """How much of the face is seen at a frame's coordinates u + iv: 1 inside, smoothly to 0 at the border.

    Between a circle and a square: the corners show background, but the chin comes near the border.
    """
    radius = (coordinates.real**4 + coordinates.imag**4) ** 0.25
    way = np.clip((1 - radius) / FEATHER, 0, 1)
    weights: np.ndarray = way**2 * (3 - 2 * way)
    return weights


def paste(canvas: Image.Image, frame: Frame, face: np.ndarray) -> None:
    """Paste a face into a frame of the canvas.

    Args:
        canvas: is written to; pixels outside the frame stay exactly as they are.
        frame: in pixels of the canvas.
        face: uint8 N,N,3, upright.
    """
    left, top, right, bottom = frame.box(canvas.size)
    side = max(1, round(frame.side))
    if side < len(face):  # fewer pixels than it has: antialias
        face = np.asarray(Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC))
    for start in range(top, bottom, STRIP):
        strip = (left, start, right, min(start + STRIP, bottom))
        where = frame.inside(pixel_centres(strip))
        around = np.asarray(canvas.crop(strip), dtype=np.float64)
        shown = np.clip(read(face, where, "border"), 0, 255)
        blended = around + mask(where)[..., None] * (shown - around)
        canvas.paste(Image.fromarray(to_8_bits(blended)), (left, start))
