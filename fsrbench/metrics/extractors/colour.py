"""The mean colour of a picture, in CIELAB."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from fsrbench.metrics.extractors.base import Extractor, Features
from fsrbench.pictures.decode import to_uint8

XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
"""From linear sRGB to CIE XYZ (ITU-R BT.709 primaries), as OpenCV and scikit-image have it."""
WHITE = np.array([0.95047, 1.0, 1.08883])
"""XYZ of the white D65 for the 2 degree observer, as in scikit-image."""
_CODES = np.arange(256) / 255
LINEAR = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4)
"""Linear light of each 8-bit code of sRGB (IEC 61966-2-1)."""


def cielab(pictures: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* (white D65) of sRGB.

    Args:
        pictures: uint8 ...,3.

    Returns:
        Double ...,3: L* from 0 to 100, a* and b*.

    Example:
        >>> cielab(np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0]], np.uint8)).round(1) + 0
        array([[  0. ,   0. ,   0. ],
               [100. ,   0. ,   0. ],
               [ 53.2,  80.1,  67.2]])
    """
    relative = LINEAR[pictures] @ (XYZ / WHITE[:, None]).T
    bent = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    x, y, z = np.moveaxis(bent, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


class Colour(Extractor):
    """The mean of a picture's pixels in CIELAB."""

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``lab`` N,3: mean L*, a* and b*."""
        return {"lab": np.stack([cielab(picture).mean(axis=(0, 1)) for picture in to_uint8(images)])}
