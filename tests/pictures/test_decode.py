"""Any file a user has comes in as the picture they see when they open it, or as one line that says why not."""

import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from made import draw_picture, encode_picture
from PIL import Image

from fsrbench.pictures.decode import (
    FORMATS,
    SUFFIXES,
    UNREADABLE_SUFFIXES,
    BadImage,
    centre_square,
    decode,
    in_centre_square,
    to_tensor,
    to_uint8,
)

PICTURE = draw_picture(1, 64)
GREY = draw_picture(1, 64, "L")


def difference(image: Image.Image, expected: Image.Image) -> float:
    """Mean absolute difference in grey levels; sizes must be equal."""
    assert image.mode == "RGB"
    assert image.size == expected.size
    return float(np.abs(np.asarray(image, float) - np.asarray(expected.convert("RGB"), float)).mean())


def grey16(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


def rotated(orientation: int, format: str) -> bytes:
    """PICTURE as a camera held otherwise stores it: turned, with the tag that turns it back."""
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = PICTURE if undo is None else PICTURE.transpose(Image.Transpose(undo))
    lossless = {"quality": 100, "subsampling": 0} if format == "JPEG" else {}
    return encode_picture(stored, format, exif=exif, **lossless)


def animation() -> bytes:
    return encode_picture(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(180)])


@pytest.mark.parametrize(
    ("data", "expected", "tolerance"),
    [
        pytest.param(encode_picture(PICTURE), PICTURE, 0, id="png"),
        pytest.param(encode_picture(PICTURE, "BMP"), PICTURE, 0, id="bmp"),
        pytest.param(encode_picture(PICTURE, "PPM"), PICTURE, 0, id="ppm"),
        pytest.param(encode_picture(PICTURE, "TIFF"), PICTURE, 0, id="tiff"),
        pytest.param(encode_picture(PICTURE, "WEBP", lossless=True), PICTURE, 0, id="webp"),
        pytest.param(encode_picture(PICTURE, "JPEG", quality=95, subsampling=0), PICTURE, 3, id="jpeg"),
        pytest.param(
            encode_picture(PICTURE, "JPEG", progressive=True, quality=95, subsampling=0),
            PICTURE,
            3,
            id="progressive-jpeg",
        ),
        pytest.param(
            encode_picture(PICTURE.convert("CMYK"), "JPEG", quality=95, subsampling=0), PICTURE, 3, id="cmyk-jpeg"
        ),
        pytest.param(encode_picture(GREY), GREY, 0, id="grey"),
        pytest.param(encode_picture(grey16(GREY)), GREY, 0, id="16-bit-grey-png"),
        pytest.param(encode_picture(grey16(GREY), "TIFF"), GREY, 0, id="16-bit-grey-tiff"),
        pytest.param(encode_picture(grey16(GREY), "PPM"), GREY, 0, id="16-bit-grey-pgm"),
        pytest.param(encode_picture(PICTURE.convert("1")), PICTURE.convert("1"), 0, id="1-bit"),
        pytest.param(encode_picture(PICTURE.quantize(64)), PICTURE.quantize(64), 0, id="palette"),
        pytest.param(animation(), PICTURE, 12, id="animated-gif-first-frame"),
    ],
)
def test_every_kind_of_picture_is_read(data: bytes, expected: Image.Image, tolerance: float) -> None:
    assert difference(decode(data), expected) <= tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_rotation_is_applied(orientation: int, format: str) -> None:
    assert difference(decode(rotated(orientation, format)), PICTURE) < 6


def test_picture_with_damaged_exif_is_still_read() -> None:
    data = rotated(1, "JPEG")
    damaged = data.replace(b"Exif\0\0II*\0\x08\0\0\0\x01\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff").replace(
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"
    )
    assert damaged != data
    assert difference(decode(damaged), PICTURE) < 6


@pytest.mark.parametrize(
    ("mode", "space", "kept"),
    [("RGB", b"RGB ", True), ("RGBA", b"RGB ", True), ("L", b"GRAY", False), ("CMYK", b"CMYK", False)],
)
def test_profile_stays_where_the_colours_do(mode: str, space: bytes, kept: bool) -> None:
    profile = bytes(16) + space + bytes(108)
    file = encode_picture(Image.new(mode, (4, 4)), "TIFF", icc_profile=profile)
    assert decode(file).info.get("icc_profile") == (profile if kept else None)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 255))
    image.putpixel((0, 0), (200, 10, 10, 0))
    pixels = np.asarray(decode(encode_picture(image.convert(mode))))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[1:, 1:].max() == 0


def test_palette_with_a_transparent_colour_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])
    pixels = np.asarray(decode(encode_picture(image, transparency=0)))
    assert pixels[0].tolist() == [[255, 255, 255], [0, 0, 255]]


def test_half_transparent_pixel_is_blended_with_white() -> None:
    pixels = np.asarray(decode(encode_picture(Image.new("RGBA", (1, 1), (0, 0, 0, 128)))))
    assert pixels[0, 0] == pytest.approx([127, 127, 127], abs=1)


def huge_png(side: int = 100_000) -> bytes:
    """A PNG of some bytes that declares a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def eps() -> bytes:
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n%%EndComments\nshowpage\n"


def tiff_with_text_for_an_offset() -> bytes:
    """Pillow raises a TypeError for it."""
    data = encode_picture(PICTURE, "TIFF")
    place = next(data.find(struct.pack("<HH", 273, kind)) for kind in (3, 4) if struct.pack("<HH", 273, kind) in data)
    return data[: place + 2] + b"\2" + data[place + 3 :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "empty file", id="zero-byte"),
        pytest.param(b"to be replaced by the real picture\n", "not a picture", id="text"),
        pytest.param(encode_picture(PICTURE)[:400], "cannot be decoded", id="truncated-png"),
        pytest.param(encode_picture(PICTURE, "JPEG")[:400], "cannot be decoded", id="truncated-jpeg"),
        pytest.param(encode_picture(PICTURE, "TIFF")[:400], "cannot be decoded", id="truncated-tiff"),
        pytest.param(encode_picture(PICTURE)[:20], "cannot be decoded|not a picture", id="header-only"),
        pytest.param(tiff_with_text_for_an_offset(), "cannot be decoded: TypeError", id="damaged-tiff"),
        pytest.param(huge_png(), "64 million pixels", id="100000x100000"),
        pytest.param(huge_png(9_000), "64 million pixels", id="81-million-pixels"),
        pytest.param(eps(), "not a picture in a known format", id="postscript-is-never-run"),
        pytest.param(encode_picture(GREY.convert("F"), "TIFF"), "floating-point", id="float-tiff"),
        pytest.param(encode_picture(Image.new("I", (8, 8), 1 << 20), "TIFF"), "32-bit", id="32-bit-tiff"),
    ],
)
def test_unusable_file_gives_one_line(data: bytes, reason: str) -> None:
    with pytest.raises(BadImage, match=reason) as caught:
        decode(data)
    assert "\n" not in str(caught.value)


def test_data_after_a_jpeg_or_in_its_metadata_are_not_scans() -> None:
    """A phone's motion photo has a video behind it."""
    data, video = encode_picture(PICTURE, "JPEG", comment=b"\xff\xda" * 200), random.Random(0).randbytes(9 * 2**20)
    assert video.count(b"\xff\xda") > 100
    assert difference(decode(data + video), PICTURE) < 6


@pytest.mark.parametrize(
    "between",
    [
        pytest.param(b"", id="plain"),
        pytest.param(b"\xff\xfe\0\4\xff\xd9", id="end-in-a-comment"),
        pytest.param(b"\xff\xff\xff", id="fill-bytes"),
        pytest.param(b"\xff\2\xff\xff", id="no-length-behind-a-reserved-marker"),
        pytest.param(b"\xff\xd0\xff\xff", id="no-length-behind-a-restart"),
    ],
)
def test_scans_do_not_hide(between: bytes) -> None:
    data = encode_picture(PICTURE, "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    with pytest.raises(BadImage, match="a JPEG of more than 100 scans"):
        decode(data[:-2] + (between + data[last:-2]) * 101 + data[-2:])


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"])
def test_damaged_files_raise_nothing_but_bad_image(format: str) -> None:
    whole = encode_picture(PICTURE.resize((16, 16)), format)
    rng = random.Random(format)
    for _ in range(150):
        data = bytearray(whole[: rng.choice([len(whole), rng.randrange(len(whole))])] or b"x")
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            assert decode(bytes(data)).mode == "RGB"
        except BadImage:
            continue


def test_decoding_warns_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    decode(encode_picture(PICTURE.quantize(8), transparency=bytes([0, 128])))
    assert not recwarn.list


@pytest.mark.parametrize(
    ("size", "corner"), [((6, 4), (1, 0)), ((4, 6), (0, 1)), ((5, 4), (0, 0)), ((1, 7), (0, 3)), ((4, 4), (0, 0))]
)
def test_centre_square_is_the_middle(size: tuple[int, int], corner: tuple[int, int]) -> None:
    pixels = np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(size[1], size[0], 3)
    square = np.asarray(centre_square(Image.fromarray(pixels)))
    side, (left, top) = min(size), corner
    assert np.array_equal(square, pixels[top : top + side, left : left + side])


@pytest.mark.parametrize("size", [(6, 4), (4, 6), (5, 4), (7, 7)])
def test_points_in_the_centre_square_are_where_its_pixels_are(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size)
    image.putpixel((3, 2), (255, 0, 0))
    square = np.asarray(centre_square(image))
    row, column = np.argwhere(square[..., 0])[0]
    expected = (np.array([column, row]) + 0.5) / len(square)
    np.testing.assert_allclose(in_centre_square(np.array([[3.0, 2.0]]), size), [expected])


def test_square_picture_comes_back_as_it_is() -> None:
    assert centre_square(PICTURE) is PICTURE


def test_every_grey_level_survives_the_way_to_a_tensor_and_back() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    assert np.array_equal(to_uint8(to_tensor(levels)), levels)


@pytest.mark.filterwarnings("error")
def test_pictures_that_cannot_be_written_to_are_converted_without_a_warning():
    stored = np.frombuffer(bytes(range(48)), np.uint8).reshape(1, 4, 4, 3)
    torch.set_warn_always(True)
    try:
        tensor = to_tensor(stored)
    finally:
        torch.set_warn_always(False)
    assert np.array_equal(to_uint8(tensor), stored)


def test_tensor_is_channels_first_rgb_in_0_1() -> None:
    red = np.zeros((1, 2, 3, 3), np.uint8)
    red[..., 0] = 255
    tensor = to_tensor(red)
    assert tensor.shape == (1, 3, 2, 3)
    assert tensor.dtype == torch.float32
    assert tensor[0, :, 0, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize(("value", "level"), [(-0.1, 0), (0.4999 / 255, 0), (0.5001 / 255, 1), (1.7, 255), (0.5, 128)])
def test_values_are_rounded_and_clipped_as_in_a_saved_png(value: float, level: int, tmp_path: Path) -> None:
    pixels = to_uint8(torch.full((1, 3, 2, 2), value))
    Image.fromarray(pixels[0]).save(tmp_path / "saved.png")
    assert np.unique(pixels).tolist() == [level]
    assert decode((tmp_path / "saved.png").read_bytes()).getpixel((0, 0)) == (level,) * 3


def test_what_pillow_reads_is_read_or_named() -> None:
    Image.init()
    named = {suffix: kind for suffix, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    assert {suffix for suffix, kind in named.items() if kind in FORMATS} <= SUFFIXES
    assert not SUFFIXES & UNREADABLE_SUFFIXES


@pytest.mark.parametrize("format", ["AVIF", "JPEG2000", "TGA", "QOI", "SGI", "PCX", "DDS", "DIB"])
def test_less_common_formats_are_read_as_their_pixels_are(format: str) -> None:
    lossless = {"AVIF": {"quality": 100, "subsampling": "4:4:4"}, "JPEG2000": {"irreversible": False}}.get(format, {})
    assert difference(decode(encode_picture(PICTURE, format, **lossless)), PICTURE) <= (2 if format == "AVIF" else 0)
