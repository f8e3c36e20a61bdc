"""FFHQ's oriented square around a face, the basis of dataset crops and of frames in photos."""

from __future__ import annotations

from typing import Final

import numpy as np

SHARE: Final = 0.9
"""Side of the crops that methods are trained on, as a fraction of FFHQ's square."""


def oriented_square(points: np.ndarray) -> tuple[complex, complex]:
    """The square of Karras et al. (CVPR 2019; the dataset's own recipe), turned with the face.

    Args:
        points: 5,2: eyes, nose and mouth corners, the picture's left first; x, y in pixels, pixel corners at whole
            numbers.

    Returns:
        Its centre x + iy, and the vector from there to the middle of its right side: half a side long, 0 if the points
        do not form a face.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = (complex(x, y) for x, y in points)
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    across, down = right_eye - left_eye, mouth - eyes
    direction = across - 1j * down  # of both, so that neither a profile nor an open mouth turns it much
    direction /= abs(direction) or 1
    # The larger of both: seen from the side the eyes come together, from above the mouth comes closer to them
    return eyes + 0.1 * down, max(2 * abs(across), 1.8 * abs(down)) * direction
