"""Every depth and layout of PNG, TIFF, PNM and BMP gives the pixels that its samples say, rounded to 8 bits."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tifffile
from made.deep import HEIGHT, SAMPLES, WIDTH, as_rgb, chunk, on_white, png, rounded, tiff
from PIL import Image

from fsrbench.pictures.decode import BadImage, decode


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(decode(data)).astype(float)


def same(data: bytes, expected: np.ndarray) -> bool:
    return np.array_equal(pixels(data), as_rgb(expected))


LAYOUTS = [
    {"byteorder": order, "compression": packed, "predictor": predictor, **pieces}
    for order, (packed, predictor), pieces in itertools.product(
        "<>",
        [(None, False), ("zlib", False), ("zlib", True), ("lzma", False)],
        [{}, {"rowsperstrip": 7}, {"tile": (16, 16)}],
    )
]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(map(str, layout.values())))
def test_tiff_of_every_layout(layout: dict[str, Any], depth: type[np.unsignedinteger[Any]]) -> None:
    samples = SAMPLES if depth is np.uint16 else (SAMPLES >> 8).astype(np.uint8)
    values = rounded(samples)
    rgb, grey, alpha = values[..., :3], values[..., :1], values[..., 3:]
    planes = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    whole, apart = {"photometric": "rgb"} | layout, {"photometric": "rgb", "planarconfig": "separate"} | layout
    assert same(tiff(np.ascontiguousarray(samples[..., :3]), **whole), rgb)
    assert same(tiff(planes[:3], **apart), rgb)
    assert same(tiff(samples, extrasamples=["unassalpha"], **whole), on_white(rgb, alpha))
    assert same(tiff(planes, extrasamples=["unassalpha"], **apart), on_white(rgb, alpha))
    assert same(tiff(planes[0], photometric="minisblack", **layout), grey)
    assert same(tiff(planes[0], photometric="miniswhite", **layout), 255 - grey)


def test_tiff_of_more_than_colours() -> None:
    values = rounded(SAMPLES)
    two = np.ascontiguousarray(SAMPLES[..., [0, 3]])
    grey = tiff(two, photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
    assert same(grey, on_white(values[..., :1], values[..., 3:]))
    assert same(tiff(SAMPLES, photometric="rgb", extrasamples=["unspecified"]), values[..., :3])
    # Colours that were multiplied by alpha: white shows through by what is missing
    times = (SAMPLES[..., :3] / 65535.0 * SAMPLES[..., 3:]).round().astype(np.uint16)
    given = tiff(np.concatenate([times, SAMPLES[..., 3:]], axis=-1), photometric="rgb", extrasamples=["assocalpha"])
    white = (65535 - SAMPLES[..., 3:].astype(float)) / 257
    assert np.abs(pixels(given) - (times / 257 + white)).max() < 1.6


def test_cmyk_of_16_bits_is_that_of_8_bits() -> None:
    eight = Image.frombytes("CMYK", (WIDTH, HEIGHT), rounded(SAMPLES).astype(np.uint8).tobytes())
    assert same(tiff(SAMPLES, photometric="separated"), np.asarray(eight.convert("RGB")).astype(float))


def test_big_tiff_and_orientation() -> None:
    rgb = np.ascontiguousarray(SAMPLES[..., :3])
    values = rounded(rgb)
    assert same(tiff(rgb, photometric="rgb", bigtiff=True), values)
    turned = tiff(rgb, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
    assert same(turned, np.rot90(values, -1))


def test_lzw_as_opencv_writes_it() -> None:
    cv2 = pytest.importorskip("cv2")
    bgr = np.ascontiguousarray(SAMPLES[..., 2::-1])
    for suffix in (".tiff", ".png", ".ppm"):
        data = cv2.imencode(suffix, bgr)[1].tobytes()
        assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED), bgr)
        assert same(data, rounded(SAMPLES)[..., :3])
    assert same(cv2.imencode(".tiff", bgr[..., 2])[1].tobytes(), rounded(SAMPLES)[..., :1])


@pytest.mark.parametrize("interlaced", [False, True])
def test_png_of_16_bits(interlaced: bool) -> None:
    cv2 = pytest.importorskip("cv2")
    values, whole = rounded(SAMPLES), SAMPLES.astype(int)
    for colour, channels in ((0, [0]), (2, [0, 1, 2]), (4, [0, 3]), (6, [0, 1, 2, 3])):
        data = png(whole[..., channels], 16, colour)
        if interlaced:
            data = adam7(whole[..., channels], colour)
        if colour in (2, 6):  # libpng agrees
            decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            assert np.array_equal(decoded[..., [2, 1, 0, *channels[3:]]], SAMPLES[..., channels])
        alpha = values[..., 3:] if colour in (4, 6) else np.full((HEIGHT, WIDTH, 1), 255.0)
        assert same(data, on_white(values[..., channels[:3] if colour in (2, 6) else [0]], alpha))


def adam7(samples: np.ndarray, colour: int) -> bytes:
    """An interlaced PNG of 16 bits."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [samples[top::down, left::right] for top, left, down, right in passes]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour, 0, 0, 1)
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_png_with_one_transparent_colour(depth: int) -> None:
    most = 2**depth - 1
    samples = SAMPLES.astype(int) % (most + 1)
    values = np.rint(samples * 255 / most)
    grey, key = samples[..., :1], int(samples[3, 5, 0])
    expected = np.where(grey == key, 255, values[..., :1])
    assert same(png(grey, depth, 0, chunk(b"tRNS", struct.pack(">H", key))), expected)
    if depth >= 8:
        rgb, keys = samples[..., :3], samples[3, 5, :3]
        expected = np.where((rgb == keys).all(-1, keepdims=True), 255, values[..., :3])
        assert same(png(rgb, depth, 2, chunk(b"tRNS", struct.pack(">HHH", *keys))), expected)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_with_a_palette(depth: int) -> None:
    index = SAMPLES[..., :1].astype(int) % 2**depth
    palette = np.random.RandomState(depth).randint(0, 256, (2**depth, 4))
    table = chunk(b"PLTE", palette[:, :3].astype(np.uint8).tobytes())
    assert same(png(index, depth, 3, table), palette[index[..., 0], :3].astype(float))
    table += chunk(b"tRNS", palette[:, 3].astype(np.uint8).tobytes())
    chosen = palette[index[..., 0]].astype(float)
    assert same(png(index, depth, 3, table), on_white(chosen[..., :3], chosen[..., 3:]))


@pytest.mark.parametrize("most", [1, 3, 100, 255, 256, 1023, 4095, 65535])
def test_pnm_of_every_depth(most: int) -> None:
    samples = SAMPLES.astype(int) % (most + 1)
    values = np.rint(samples * 255 / most)
    size, kind = b"\n%d %d\n%d\n" % (WIDTH, HEIGHT, most), ">u2" if most > 255 else "u1"
    for channels, binary, plain in ((3, b"P6", b"P3"), (1, b"P5", b"P2")):
        part = np.ascontiguousarray(samples[..., :channels])
        assert same(binary + size + part.astype(kind).tobytes(), values[..., :channels])
        assert same(plain + size + b" ".join(b"%d" % v for v in part.ravel()), values[..., :channels])


def test_bitmaps_of_pnm_are_black_on_white() -> None:
    bits = (SAMPLES[..., 0] % 2).astype(np.uint8)
    size, expected = b"\n%d %d\n" % (WIDTH, HEIGHT), (1 - bits[..., None]) * 255.0
    assert same(b"P4" + size + np.packbits(bits, axis=1).tobytes(), expected)
    assert same(b"P1" + size + b" ".join(b"%d" % v for v in bits.ravel()), expected)


@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize("compression", [0, 3])
def test_bmp_of_32_bits_without_alpha(compression: int, upside_down: bool) -> None:
    values = rounded(SAMPLES)
    stored = np.ascontiguousarray(values[..., [2, 1, 0, 3]].astype(np.uint8)[:: 1 if upside_down else -1]).tobytes()
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF) if compression else b""
    height = -HEIGHT if upside_down else HEIGHT
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, 32, compression, len(stored), 0, 0, 0, 0) + masks
    start = b"BM" + struct.pack("<IHHI", 14 + len(head + stored), 0, 0, 14 + len(head))
    assert same(start + head + stored, values[..., :3])


def bmp16(pixels: np.ndarray, masks: tuple[int, ...]) -> bytes:
    """Pixels of 16 bits; without masks they are 5-5-5. The row's length must be even."""
    stored, extra = pixels[::-1].astype("<u2").tobytes(), struct.pack(f"<{len(masks)}I", *masks)
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 16, 3 if masks else 0, len(stored), 0, 0, 0, 0) + extra
    return b"BM" + struct.pack("<IHHI", 14 + len(head + stored), 0, 0, 14 + len(head)) + head + stored


def tga16(pixels: np.ndarray) -> bytes:
    return (
        struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 16, 0x20) + pixels.astype("<u2").tobytes()
    )


def dds16(pixels: np.ndarray) -> bytes:
    head = struct.pack("<7I", 124, 0x100F, HEIGHT, WIDTH, 2 * WIDTH, 0, 0) + bytes(44)
    head += struct.pack("<8I", 32, 0x40, 0, 16, 0xF800, 0x7E0, 0x1F, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    return b"DDS " + head + pixels.astype("<u2").tobytes()


@pytest.mark.parametrize(
    ("write", "green_bits"),
    [
        (lambda pixels: bmp16(pixels, ()), 5),
        (lambda pixels: bmp16(pixels, (0x7C00, 0x3E0, 0x1F)), 5),
        (lambda pixels: bmp16(pixels, (0xF800, 0x7E0, 0x1F)), 6),
        (tga16, 5),
        (dds16, 6),
    ],
)
def test_samples_of_5_and_6_bits_are_rounded(write: Callable[[np.ndarray], bytes], green_bits: int) -> None:
    """Every level, to the 8-bit one nearest to v * 255 / 31 or 63, where Pillow truncates."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    red, green, blue = x % 32, (x + WIDTH * y) % 2**green_bits, y + 12
    pixels = (red << (green_bits + 5)) | (green << 5) | blue
    most = np.array([31, 2**green_bits - 1, 31])
    assert same(write(pixels), np.rint(np.stack([red, green, blue], axis=-1) * 255 / most))


def sgi(samples: np.ndarray) -> bytes:
    size = samples.dtype.itemsize
    head = struct.pack(">HBBHHHHII", 474, 0, size, 3, WIDTH, HEIGHT, 3, 0, 2 ** (8 * size) - 1)
    return head.ljust(512, b"\0") + np.moveaxis(samples[::-1], -1, 0).astype(f">u{size}").tobytes()


def test_sgi_of_8_bits() -> None:
    eight = rounded(SAMPLES[..., :3]).astype(np.uint8)
    assert same(sgi(eight), eight.astype(float))


def jpeg2000_of_16_bits() -> bytes:
    cv2 = pytest.importorskip("cv2")
    found: bytes = cv2.imencode(".jp2", np.tile(SAMPLES[..., :3], (4, 3, 1)))[1].tobytes()
    return found


GREY16, RGB16 = np.ascontiguousarray(SAMPLES[..., 0]), np.ascontiguousarray(SAMPLES[..., :3])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: tiff(RGB16.astype(np.float32), photometric="rgb"), "floating-point pixels"),
        (lambda: tiff(GREY16.astype(np.float64), photometric="minisblack"), "floating-point pixels"),
        (lambda: tiff(GREY16.astype(np.int16), photometric="minisblack"), "signed or complex pixels"),
        (lambda: tiff(RGB16.astype(np.uint32), photometric="rgb"), "32-bit pixels"),
        (lambda: tiff(np.stack([GREY16] * 3), photometric="minisblack"), "several pages of one size"),
        (lambda: tiff(np.stack([RGB16 // 257] * 2).astype(np.uint8), photometric="rgb"), "several pages of one size"),
        (lambda: sgi(RGB16), "SGI picture of 16 bits"),
        (jpeg2000_of_16_bits, "JPEG 2000 of more than 8 bits"),
        (lambda: b"Pf\n2 2\n-1.0\n" + bytes(16), "floating-point pixels"),
        (lambda: tiff(RGB16, photometric="rgb")[:900], "cannot be decoded"),
    ],
)
def test_what_cannot_be_decoded_rightly_is_refused_in_a_line(make: Any, reason: str) -> None:
    with pytest.raises(BadImage, match=reason) as caught:
        decode(make())
    assert "\n" not in str(caught.value)


def test_preview_after_a_tiff_is_not_a_page() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(RGB16, photometric="rgb", metadata=None)
        writer.write(np.ascontiguousarray(RGB16[::2, ::2]), photometric="rgb", subfiletype=1, metadata=None)
    assert same(file.getvalue(), rounded(RGB16))


def test_damaged_tiffs_of_16_bits_raise_nothing_but_bad_image() -> None:
    rng = np.random.RandomState(0)
    files = [tiff(RGB16, photometric="rgb", compression="zlib"), tiff(np.moveaxis(RGB16, -1, 0), photometric="rgb")]
    files.append(png(SAMPLES.astype(int), 16, 6))
    for k in range(300):
        data = bytearray(files[k % 3])
        for at in rng.randint(0, min(len(data), 400), rng.randint(1, 6)):
            data[at] = rng.randint(256)
        try:
            assert decode(bytes(data)).mode == "RGB"
        except BadImage:
            continue
