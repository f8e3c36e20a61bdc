"""Pictures in every depth and layout, and the 8-bit pixels that they should give, computed apart from fsrbench."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import tifffile

HEIGHT, WIDTH = 20, 36
Y, X = np.mgrid[:HEIGHT, :WIDTH]
SAMPLES = np.stack([X * 1361, Y * 1531 + X * 7, (X + Y) * 733, 65535 - X * 300], axis=-1).astype(np.uint16)
"""RGBA; every channel is another, and most values are between two of 8 bits."""


def rounded(samples: np.ndarray) -> np.ndarray:
    """8-bit values of 8- or 16-bit ones, as floats."""
    return np.rint(samples / 257.0) if samples.dtype == np.uint16 else samples.astype(float)


def on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """8-bit colours H,W,C and alpha H,W,1 on white."""
    return np.rint((colours * alpha + 255 * (255 - alpha)) / 255)


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """H,W,1 or H,W,3 as H,W,3."""
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3))


def tiff(array: np.ndarray, **options: Any) -> bytes:
    """A TIFF as tifffile writes it."""
    file = io.BytesIO()
    tifffile.imwrite(file, array, **{"metadata": None} | options)
    return file.getvalue()


def png(samples: np.ndarray, depth: int, colour: int, extra: bytes = b"") -> bytes:
    """A PNG of whole-number samples H,W,C."""
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        packed = [row.astype(">u2").tobytes() for row in rows]
    else:
        bits = (rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = [np.packbits(row).tobytes() for row in bits.reshape(len(rows), -1).astype(np.uint8)]
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in packed)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + body + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
