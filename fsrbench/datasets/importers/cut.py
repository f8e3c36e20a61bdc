"""Cut a square, upright or turned, out of a picture and reduce it with Pillow's LANCZOS."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.datasets.importers.crops import Quad, side_of
from fsrbench.pictures.decode import BadImage

MOST_OUTSIDE: Final = 1 / 3
"""Share of a crop that may lie outside the picture; it is filled by mirroring, as FFHQ's is."""
OVERSAMPLED: Final = 4
"""A turned square is sampled bilinearly at 4 times its final side, or at the picture's resolution if finer."""
RECIPE: Final = (
    "upright: Pillow LANCZOS over the square, whose corners may lie between pixels; turned: bilinear at 4 times the "
    "side or more, then Pillow LANCZOS; outside the picture: mirrored"
)
_GRID: Final = (np.arange(32) + 0.5) / 32


def cut(image: Image.Image, quad: Quad, size: int | None) -> Image.Image:
    """Cut a square out of a picture.

    Args:
        image: RGB.
        quad: corners of the square; see :mod:`fsrbench.datasets.importers.crops`.
        size: side of the result; ``None`` leaves an upright square of whole pixels as it is.

    Raises:
        BadImage: more than a third of it lies outside the picture.
    """
    if outside(image.size, quad) > MOST_OUTSIDE:
        raise BadImage("more than a third of the crop lies outside the picture")
    turned = quad[0, 0] != quad[1, 0] or quad[0, 1] != quad[3, 1]
    margin = 2 if turned else 0  # for bilinear sampling
    left, top = (math.floor(v) - margin for v in quad.min(axis=0))
    right, bottom = (math.ceil(v) + margin for v in quad.max(axis=0))
    part, quad = _region(image, left, top, right, bottom), quad - [left, top]
    size = size or round(side_of(quad))
    if turned:
        fine = size * max(OVERSAMPLED, math.ceil(side_of(quad) / size))
        part = part.transform((fine, fine), Image.Transform.QUAD, tuple(quad.ravel()), Image.Resampling.BILINEAR)
        return part.resize((size, size), Image.Resampling.LANCZOS)
    box = (*quad[0], *quad[2])
    if box == (0, 0, size, size) == (0, 0, *part.size):
        return part
    return part.resize((size, size), Image.Resampling.LANCZOS, box=box)


def outside(size: tuple[int, int], quad: Quad) -> float:
    """Share of the square that lies outside the picture, to a thousandth."""
    u, v = np.meshgrid(_GRID, _GRID)
    places = quad[0] + u[..., None] * (quad[3] - quad[0]) + v[..., None] * (quad[1] - quad[0])
    return float(1 - ((places >= 0) & (places <= size)).all(axis=-1).mean())


def _region(image: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """A region in whole pixels, mirrored beyond the picture's edges."""
    inside = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
    part = image.crop(inside)
    missing = ((inside[1] - top, bottom - inside[3]), (inside[0] - left, right - inside[2]), (0, 0))
    if not any(map(any, missing)):
        return part
    return Image.fromarray(np.pad(np.asarray(part), missing, mode="reflect"))
