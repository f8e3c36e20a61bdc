"""Upright or rotated squares around faces, framed like training faces, and reading pixels from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from fsrbench.faces import ffhq

MAX_SIDE: Final = 512
"""Frames larger than this many pixels, and than the task's LR, are reduced before they are rotated."""


@dataclass(frozen=True)
class Frame:
    """A square in a picture. Points are complex numbers x + iy in pixels, pixel corners at whole numbers.

    Coordinates within the frame are u + iv from -1 to 1, as in ``grid_sample``.
    """

    centre: complex
    half: complex
    """From the centre to the middle of the right-hand side as seen in the face's own orientation: half a side long."""

    @property
    def side(self) -> float:
        """Side in pixels."""
        return 2 * abs(self.half)

    def scaled(self, factor: float) -> Frame:
        """The same square in the picture enlarged by ``factor``."""
        return Frame(self.centre * factor, self.half * factor)

    def box(self, size: tuple[int, int], margin: int = 0) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of its bounding box, clipped to a picture of this width and height."""
        extent = abs(self.half.real) + abs(self.half.imag) + margin
        x, y = self.centre.real, self.centre.imag
        (left, right), (top, bottom) = (
            (max(0, math.floor(at - extent)), min(end, math.ceil(at + extent)))
            for at, end in zip((x, y), size, strict=True)
        )
        return left, top, right, bottom

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Coordinates within the frame of points in the picture."""
        return (points - self.centre) / self.half

    def outside(self, coordinates: np.ndarray) -> np.ndarray:
        """Points in the picture of coordinates within the frame."""
        return self.centre + coordinates * self.half


def frame_of(points: np.ndarray) -> Frame:
    """The frame of a face: FFHQ's square, a little closer.

    Args:
        points: 5,2: eyes, nose and corners of the mouth, the picture's left ones first.
    """
    centre, half = ffhq.oriented_square(points)
    return Frame(centre, ffhq.SHARE * half)


def pixel_centres(box: tuple[int, int, int, int]) -> np.ndarray:
    """Centres of a box's pixels, complex h,w."""
    left, top, right, bottom = box
    points: np.ndarray = np.arange(left, right) + 0.5 + 1j * (np.arange(top, bottom)[:, None] + 0.5)
    return points


def read(picture: np.ndarray, where: np.ndarray, beyond: Literal["border", "reflection"]) -> np.ndarray:
    """Sample a picture bicubically.

    Args:
        picture: uint8 H,W,3.
        where: h,w coordinates from -1 to 1 across the picture, u + iv.
        beyond: padding mode outside the picture.

    Returns:
        float64 h,w,3, which may overshoot 0 to 255 a little.
    """
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].double()
    grid = torch.view_as_real(torch.from_numpy(where.astype(np.complex128)))[None]
    found = F.grid_sample(pixels, grid, mode="bicubic", padding_mode=beyond, align_corners=False)
    return found[0].permute(1, 2, 0).numpy()


def cut(photo: Image.Image, frame: Frame, size: int) -> np.ndarray:
    """Crop a frame from a photo, upright, as uint8 size,size,3; beyond its border the photo is mirrored.

    The crop is rotated at the photo's own resolution and then resized by Pillow's BICUBIC, which antialiases, as a run
    resizes LR.
    """
    box = frame.box(photo.size, margin=2)
    region, frame = photo.crop(box), Frame(frame.centre - complex(*box[:2]), frame.half)
    if frame.side > (most := max(MAX_SIDE, size)):
        factor = most / frame.side
        region = region.resize((round(region.width * factor), round(region.height * factor)), Image.Resampling.BICUBIC)
        frame = frame.scaled(factor)
    side = max(size, round(frame.side))
    points = frame.outside(pixel_centres((0, 0, side, side)) / side * 2 - (1 + 1j))
    where = points.real / region.width * 2 + 1j * points.imag / region.height * 2 - (1 + 1j)
    upright = Image.fromarray(to_8_bits(read(np.asarray(region), where, "reflection")))
    return np.asarray(upright if side == size else upright.resize((size, size), Image.Resampling.BICUBIC))


def to_8_bits(pixels: np.ndarray) -> np.ndarray:
    """Round and clip to 0..255, as uint8."""
    rounded: np.ndarray = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
    return rounded
