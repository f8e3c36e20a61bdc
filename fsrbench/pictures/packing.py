"""Compress pictures small and fast, without loss: lossless WebP of sheets with many pictures, one below the other.

Measured on faces of 512 px and SR of them: 0.72 to 0.87 of the size of PNG at Pillow's default level, in a tenth to a
fifth of the time (17 to 21 ms to write a picture and 6 to 11 ms to read it); PNG at level 1 takes 28 to 51 ms for 1.09
to 1.2 times the size.
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

SHEET: Final = 8192
"""Height in pixels of a sheet, unless one picture is higher; many small ones together are faster and smaller."""
LARGEST: Final = 16383
"""Largest side of a WebP in pixels."""


def can_pack(array: np.ndarray) -> bool:
    """Whether an array is pictures (uint8 N,H,W,3, at least one) that :func:`pack` takes."""
    return (
        array.dtype == np.uint8
        and array.ndim == 4
        and array.shape[3] == 3
        and array.size > 0
        and max(array.shape[1:3]) <= LARGEST
    )


def pack(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compress pictures.

    Args:
        pictures: for which :func:`can_pack`.

    Returns:
        The sheets' bytes, uint8, one sheet after the other, and int64: N, H, W and the number of bytes of each sheet.

    >>> pictures = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
    >>> data, layout = pack(pictures)
    >>> bool((unpack(data, layout) == pictures).all())
    True
    """
    count, height, width, _ = pictures.shape
    each = max(1, SHEET // height)
    sheets = [_encoded(pictures[start : start + each].reshape(-1, width, 3)) for start in range(0, count, each)]
    return np.frombuffer(b"".join(sheets), np.uint8), np.array([count, height, width, *map(len, sheets)], np.int64)


def unpack(data: np.ndarray, layout: np.ndarray) -> np.ndarray:
    """The pictures that :func:`pack` packed, uint8 N,H,W,3.

    Raises:
        OSError, ValueError: the bytes are damaged.
    """
    count, height, width, *lengths = layout.tolist()
    parts = np.split(data, np.cumsum(lengths)[:-1])
    pictures = np.empty((count, height, width, 3), np.uint8)
    each = max(1, SHEET // height)
    for place, part in enumerate(parts):
        rows = pictures[place * each : (place + 1) * each]
        with Image.open(io.BytesIO(part.tobytes()), formats=["WEBP"]) as sheet:
            rows[...] = np.asarray(sheet.convert("RGB")).reshape(rows.shape)
    return pictures


def _encoded(sheet: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "WEBP", lossless=True, method=0, quality=0)
    return buffer.getvalue()
