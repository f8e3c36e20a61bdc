"""Read PNG and TIFF of 16 bits per sample, rounded to 8: Pillow drops the lower byte, or mixes up separate planes.

Pillow still decompresses the data; only the order and the meaning of the samples are handled here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

MAX_CHANNELS: Final = 8
PNG, GREY, COLOUR, GREY_ALPHA = b"\x89PNG\r\n\x1a\n", 0, 2, 4
BIG: Final = (b"II+\0", b"MM\0+")
TIFFS: Final = (b"II*\0", b"MM\0*", *BIG)
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIPS, CHANNELS, STRIP_LENGTH, STRIP_BYTES, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_LENGTH, TILES, TILE_BYTES, EXTRA, FORMAT = 322, 323, 324, 325, 338, 339
ORIENTATION, KIND, PROFILE = 274, 254, 34675
COLOURS: Final = {0: 1, 1: 1, 2: 3, 5: 4}
"""Channels of white-is-zero, black-is-zero, RGB and CMYK."""


class UnsupportedSamples(Exception):
    """Samples without an 8-bit equivalent."""


def to_8_bits(samples: np.ndarray) -> np.ndarray:
    """Round 16-bit samples to 8 bits (v / 257)."""
    return np.rint(samples / 257).astype(np.uint8)


# PNG


def read_png(data: bytes, image: Image.Image) -> Image.Image | None:
    """Read a PNG of 16 bits per sample; ``None`` for others.

    Args:
        data: the file.
        image: the file opened by Pillow; the transparent level of grey files below 8 bits is corrected.
    """
    depth, colour = data[24], data[25]
    key = image.info.get("transparency")
    if depth < 8 and colour == GREY and isinstance(key, int):
        image.info["transparency"] = key * 255 // (2**depth - 1)  # Pillow scales the pixels but not the key
    if depth != 16:
        return None
    samples = _png_samples(data, colour)
    pixels = to_8_bits(samples)
    if key is not None and colour in (GREY, COLOUR):
        opaque = (samples != np.array(key)).any(axis=-1, keepdims=True)
        pixels = np.concatenate([pixels, np.where(opaque, 255, 0).astype(np.uint8)], axis=-1)
    return _image(pixels)


def _png_samples(data: bytes, colour: int) -> np.ndarray:
    """uint16 H,W,C."""
    if colour == GREY:
        return np.asarray(_open(data)).astype(np.uint16)[..., None]
    if colour == GREY_ALPHA:  # four bytes per pixel, as in 8-bit RGBA
        header = b"IHDR" + data[16:24] + b"\x08\x06" + data[26:29]
        bytes_ = np.asarray(_open(data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]))
        return bytes_.reshape(*bytes_.shape[:2], 2, 2) @ np.array([256, 1], np.uint16)
    high, low = (np.asarray(_open(data, end)).astype(np.uint16) for end in "BL")
    return high * np.uint16(256) + low


def _open(data: bytes, end: str = "") -> Image.Image:
    """Open a picture; of 16-bit samples take the high byte of big (``B``) or little endian (``L``) files."""
    image = Image.open(io.BytesIO(data), formats=("PNG", "TIFF"))
    if end:
        image.tile = [tile._replace(args=f"{str(tile.args)[:-1]}{end}") for tile in image.tile]
    return image


# TIFF


def read_tiff(data: bytes, most_pixels: int) -> Image.Image | None:
    """Read a TIFF of 16 bits per sample, as it is stored; ``None`` for fewer bits, which Pillow reads.

    Raises:
        UnsupportedSamples: samples that are not unsigned integers of 1, 2, 4, 8 or 16 bits, or several pages.
    """
    tags = _tags(data, None)
    if tags is None or WIDTH not in tags or LENGTH not in tags:
        return None  # Pillow says what is wrong
    if tags.next and _is_page(_tags(data, tags.next), tags):
        raise UnsupportedSamples("several pages of one size; save the intended one as a file of its own")
    bits, formats = set(_several(tags.get(BITS, 1))), set(_several(tags.get(FORMAT, 1)))
    if 3 in formats:
        raise UnsupportedSamples("floating-point pixels; save it with 8 or 16 bits")
    if not bits <= {1, 2, 4, 8, 16} or len(bits) != 1:
        raise UnsupportedSamples(f"{'/'.join(map(str, sorted(bits)))}-bit pixels; save it with 8 or 16 bits")
    if formats & {2, 5, 6}:
        raise UnsupportedSamples("signed or complex pixels; save it with 8 or 16 bits")
    if bits != {16}:
        return None
    if tags[WIDTH] * tags[LENGTH] > most_pixels:
        raise Image.DecompressionBombError
    picture = _image(*_meaning(_tiff_samples(data, tags), tags))
    picture.info["icc_profile"] = tags.get(PROFILE)
    picture.getexif()[ORIENTATION] = tags.get(ORIENTATION, 1)
    return picture


def _tags(data: bytes, at: int | None) -> Any:
    """The first directory, or the one at an offset; ``None`` if it cannot be read."""
    try:
        found = ImageFileDirectory_v2(data[: 16 if data[:4] in BIG else 8])
        if at == found.next:
            return None  # a circle
        file = io.BytesIO(data)
        file.seek(found.next if at is None else at)
        found.load(file)
    except Exception:  # damaged directories raise nearly anything; decoding reports them
        return None
    return found


def _is_page(tags: Any, first: Any) -> bool:
    """Whether a directory is of another page, not of a preview or mask of the first."""
    same = tags is not None and (tags.get(WIDTH), tags.get(LENGTH)) == (first[WIDTH], first[LENGTH])
    return same and not tags.get(KIND, 0) & 0b101


def _several(value: Any) -> Sequence[int]:
    return value if isinstance(value, tuple) else (value,)


def _tiff_samples(data: bytes, tags: Any) -> np.ndarray:
    """Stored samples, uint16 H,W,C."""
    width, channels = tags[WIDTH], tags.get(CHANNELS, 1)
    if not 1 <= channels <= MAX_CHANNELS:
        raise UnsupportedSamples(f"{channels} channels")
    planes = channels if tags.get(PLANAR, 1) == 2 else 1
    together = channels // planes
    order = ">u2" if data[:1] == b"M" else "<u2"
    found = []
    for plane in range(planes):
        raw = np.asarray(Image.open(io.BytesIO(_as_bytes(data, tags, plane, planes)), formats=("TIFF",)))
        found.append(raw.view(order).astype(np.uint16).reshape(len(raw), width, together))
    samples = np.concatenate(found, axis=-1)
    return _summed(samples, tags.get(TILE_WIDTH, width)) if tags.get(PREDICTOR, 1) == 2 else samples


def _as_bytes(data: bytes, tags: Any, plane: int, planes: int) -> bytes:
    """The file with one plane declared as a grey picture of single bytes, which Pillow unpacks unchanged."""
    pixel_bytes = 2 * tags.get(CHANNELS, 1) // planes
    new: dict[int, Sequence[int]] = {WIDTH: [tags[WIDTH] * pixel_bytes], LENGTH: [tags[LENGTH]]}
    new |= {BITS: [8], PHOTOMETRIC: [1], CHANNELS: [1]}
    new |= {name: [tags.get(name, 1)] for name in (COMPRESSION, FILL_ORDER)}
    if TILES in tags:
        new |= {TILE_WIDTH: [tags[TILE_WIDTH] * pixel_bytes], TILE_LENGTH: [tags[TILE_LENGTH]]}
    else:
        new[STRIP_LENGTH] = [min(tags.get(STRIP_LENGTH, tags[LENGTH]), tags[LENGTH])]
    for name in (TILES, TILE_BYTES, STRIPS, STRIP_BYTES):
        if name in tags:
            values = _several(tags[name])
            each = len(values) // planes
            new[name] = values[plane * each : (plane + 1) * each]
    return _with_directory(data, new)


def _with_directory(data: bytes, tags: Mapping[int, Sequence[int]]) -> bytes:
    """The file with a new directory appended."""
    end = ">" if data[:1] == b"M" else "<"
    at = len(data) + len(data) % 2
    lists, lists_at = b"", at + 2 + 12 * len(tags) + 4
    entries = struct.pack(f"{end}H", len(tags))
    for name, values in sorted(tags.items()):
        packed = struct.pack(f"{end}{len(values)}I", *values)
        where = packed if len(values) == 1 else struct.pack(f"{end}I", lists_at + len(lists))
        entries += struct.pack(f"{end}HHI", name, 4, len(values)) + where
        lists += packed if len(values) > 1 else b""
    header = data[:2] + struct.pack(f"{end}HI", 42, at)
    return header + data[8:] + b"\0" * (at - len(data)) + entries + bytes(4) + lists


def _summed(samples: np.ndarray, tile: int) -> np.ndarray:
    """Undo horizontal differencing, which restarts in each tile."""
    for left in range(0, samples.shape[1], tile):
        part = samples[:, left : left + tile]
        part[:] = np.cumsum(part, axis=1, dtype=np.uint16)
    return samples


def _meaning(samples: np.ndarray, tags: Any) -> tuple[np.ndarray, str]:
    """Pixels as uint8 H,W,C, and their Pillow mode."""
    kind = tags.get(PHOTOMETRIC, 1)
    colours = COLOURS.get(kind, 0)
    if not colours or samples.shape[-1] < colours or tags.get(PREDICTOR, 1) not in (1, 2):
        raise UnsupportedSamples("16-bit samples that are neither grey nor RGB nor CMYK; save it as 16-bit RGB")
    pixels = to_8_bits(samples[..., :colours])
    if kind == 0:
        pixels = 255 - pixels
    extra = _several(tags.get(EXTRA, ()))
    if kind == 5 or not extra or extra[0] not in (1, 2) or samples.shape[-1] == colours:
        return pixels, {1: "L", 3: "RGB", 4: "CMYK"}[colours]
    alpha = samples[..., colours : colours + 1]
    if extra[0] == 1:  # premultiplied
        whole = samples[..., :colours] * 255.0 / np.maximum(alpha, 1)
        pixels = np.rint(np.minimum(whole, 255)).astype(np.uint8)
    return np.concatenate([pixels, to_8_bits(alpha)], axis=-1), {1: "LA", 3: "RGBA"}[colours]


def _image(pixels: np.ndarray, mode: str = "") -> Image.Image:
    found = mode or {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[-1]]
    height, width = pixels.shape[:2]
    return Image.frombytes(found, (width, height), np.ascontiguousarray(pixels).tobytes())
