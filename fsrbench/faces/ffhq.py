"""FFHQ's square around a face, from which crops of datasets and frames in photos are made."""

from __future__ import annotations

from typing import Final

import numpy as np

SHARE: Final = 0.9
"""Side of the square that the faces methods are trained with fill, of FFHQ's."""


def oriented_square(points: np.ndarray) -> tuple[complex, complex]:
    """The square of Karras et al. (CVPR 2019; the dataset's own recipe): turned with the face, a little below its eyes.

    Args:
        points: 5,2: eyes, nose and corners of the mouth, those on the picture's left first; x, y in pixels, pixel
            corners at whole numbers.

    Returns:
        Its centre x + iy, and the way from there to the middle of the side on the picture's right: half a side long, 0
        where the points do not make a face.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = (complex(x, y) for x, y in points)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    across, down = right_eye - left_eye, mouth - eyes
    direction = across - 1j * down  # of both, so that neither a profile's eyes nor an open mouth turns it much
    direction /= abs(direction) or 1
    # Of both again: from the side the eyes come together, from above the mouth comes up to them.
    return eyes + 0.1 * down, max(2 * abs(across), 1.8 * abs(down)) * direction
