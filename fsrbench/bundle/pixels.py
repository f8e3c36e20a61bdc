"""Hash of a picture's pixels, which is the same for every lossless file of it."""

from __future__ import annotations

import hashlib

import numpy as np


def pixels_sha256(pixels: np.ndarray) -> str:
    """sha256 of ``HxW:`` and the bytes of a uint8 H,W,3 RGB picture, row by row.

    Example:
        >>> import numpy as np
        >>> pixels_sha256(np.zeros((1, 2, 3), np.uint8))[:12]
        'dbdc3108393f'
        >>> import hashlib
        >>> hashlib.sha256(b"1x2:" + bytes(6)).hexdigest()[:12]
        'dbdc3108393f'
    """
    height, width, _ = pixels.shape
    sha = hashlib.sha256(f"{height}x{width}:".encode())
    sha.update(np.ascontiguousarray(pixels, dtype=np.uint8).tobytes())
    return sha.hexdigest()
