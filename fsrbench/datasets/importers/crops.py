"""Crop protocols of papers: which square of a picture becomes the face. To add one: its line in CROPS.

A crop is a quad, 4,2: the corners of a square (upper left, lower left, lower right, upper right), x and y in pixels,
pixel corners at whole numbers. Landmarks have pixel centres at whole numbers, so they are half a pixel less.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from fsrbench.errors import UserError
from fsrbench.faces.ffhq import SHARE, oriented_square
from fsrbench.faces.points import five_points, similarity
from fsrbench.pictures.decode import BadImage

Quad = np.ndarray
Size = tuple[int, int]

TEMPLATE: Final = (np.array([[46, 60], [82, 60], [64, 80], [49, 95], [79, 95]]) + 0.5) / 128
"""Mean places of eyes, nose and mouth corners in the crop ``upright``, as fractions of its side."""
BOX_SIDE: Final = 1.3
BOX_UP: Final = 0.08
"""Side of the square around a face's box, and how much higher its centre is, as multiples of the box's longer side.
Measured on upright faces with the boxes of MTCNN, which was trained on WIDER FACE."""
SMALLEST: Final = 4
"""Least side in pixels; below it landmarks are nonsense."""


@dataclass(frozen=True)
class Protocol:
    """A way to cut a face out of a picture."""

    name: str
    recipe: str
    """One line from which it can be recomputed."""
    quad: Callable[[Size, np.ndarray], Quad]
    """Makes a quad from the picture's size and five landmarks."""
    needs_points: bool = True


def centre(pixels: int | None) -> Callable[[Size, np.ndarray], Quad]:
    """The central square of a number of pixels, or the largest."""

    def quad(size: Size, points: np.ndarray) -> Quad:
        side = min(size) if pixels is None else pixels
        if side > min(size):
            raise BadImage(f"is {size[0]} x {size[1]} px, too small for a central crop of {side} px")
        return square((size[0] - side) // 2, (size[1] - side) // 2, side)

    return quad


def ffhq(size: Size, points: np.ndarray) -> Quad:
    """FFHQ's oriented square."""
    centre, half = oriented_square(points + 0.5)
    corners = centre + half * np.array([-1 - 1j, -1 + 1j, 1 + 1j, 1 - 1j])
    return np.stack([corners.real, corners.imag], axis=1)


def upright(size: Size, points: np.ndarray) -> Quad:
    """FFHQ's square, not rotated and a little tighter."""
    quad = ffhq(size, points)
    side = SHARE * float(np.linalg.norm(quad[1] - quad[0]))
    left, top = quad.mean(axis=0) - side / 2
    return square(left, top, side)


def five_point(size: Size, points: np.ndarray) -> Quad:
    """The square mapped by the similarity that brings the template nearest to the five points."""
    a, b = similarity(TEMPLATE @ [1, 1j], (points + 0.5) @ [1, 1j])
    corners = a * np.array([0, 1j, 1 + 1j, 1]) + b
    return np.stack([corners.real, corners.imag], axis=1)


def around_box(box: tuple[float, float, float, float]) -> Quad:
    """A square in whole pixels around a face's box (left, top, width, height)."""
    longer = max(box[2], box[3])
    side = round(BOX_SIDE * longer)
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2 - BOX_UP * longer
    return square(round(x - side / 2), round(y - side / 2), side)


def square(left: float, top: float, side: float) -> Quad:
    """An upright square."""
    return np.array([[left, top], [left, top + side], [left + side, top + side], [left + side, top]], dtype=np.float64)


NONE: Final = Protocol("none", "the whole picture, or its central square", centre(None), False)
NATIVE: Final = Protocol("native", "the whole picture, its pixels and sides as they are", centre(None), False)
BOX: Final = Protocol(
    "box",
    f"whole pixels: square of {BOX_SIDE} of the box's longer side, its middle {BOX_UP} of that above the box's",
    lambda size, points: np.empty((4, 2)),
    False,
)
CROPS: Final = (
    NONE,
    Protocol("ffhq", "FFHQ's square, turned with eyes and mouth (Karras et al., CVPR 2019)", ffhq),
    Protocol("upright", f"a square around FFHQ's middle, not turned, side {SHARE} of FFHQ's", upright),
    Protocol("five-point", "similarity that brings five landmarks nearest to their mean places in upright", five_point),
)


def find_crop(name: str) -> Protocol:
    """A protocol by name; ``centre178`` is the central square of 178 pixels, any number works.

    Raises:
        UserError: unknown.
    """
    if number := re.fullmatch(r"centre([1-9]\d{0,4})", name):
        return Protocol(name, f"the central {number[1]} x {number[1]} px", centre(int(number[1])), False)
    for crop in (*CROPS, BOX, NATIVE):
        if crop.name == name:
            return crop
    known = ", ".join(["none", "centre178 (any number)", *(crop.name for crop in CROPS[1:])])
    raise UserError(f"unknown crop {name!r}; known: {known}")


def quad_of(crop: Protocol, size: Size, points: np.ndarray | None) -> Quad:
    """The square that a protocol cuts out.

    Raises:
        BadImage: landmarks are missing or make no sense.
    """
    if crop.needs_points and points is None:
        raise BadImage(f"no landmarks, which the crop {crop.name} needs")
    quad = crop.quad(size, np.empty((0, 2)) if points is None else five_points(points).astype(np.float64))
    if not (np.isfinite(quad).all() and SMALLEST <= side_of(quad) < 100_000):
        raise BadImage("its landmarks do not make a face")
    return quad


def side_of(quad: Quad) -> float:
    """The square's side in pixels of the picture."""
    return float(np.linalg.norm(quad[3] - quad[0]))


def in_crop(points: np.ndarray, quad: Quad, size: int) -> np.ndarray:
    """Landmarks of a picture in pixels of its crop at ``size``."""
    across, down = quad[3] - quad[0], quad[1] - quad[0]
    places = np.linalg.solve(np.stack([across, down], axis=1), (points + 0.5 - quad[0]).T).T
    found: np.ndarray = places * size - 0.5
    return found
