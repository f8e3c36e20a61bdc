"""Decode picture files to 8-bit RGB, and convert between pictures and tensors."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from fsrbench.errors import FsrbenchError, one_line
from fsrbench.pictures import sixteen_bit

if TYPE_CHECKING:  # importing torch takes seconds, and decoding needs none of it
    from torch import Tensor

SUFFIXES_OF = {
    "PNG": ".png .apng",
    "JPEG": ".jpg .jpeg .jpe .jfif .mpo",
    "BMP": ".bmp",
    "PPM": ".ppm .pgm .pbm .pnm .pfm",
    "GIF": ".gif",
    "WEBP": ".webp",
    "TIFF": ".tif .tiff",
    "AVIF": ".avif .avifs",
    "JPEG2000": ".jp2 .j2k .jpf .jpx .j2c .jpc",
    "DIB": ".dib",
    "QOI": ".qoi",
    "SGI": ".sgi .bw .rgb .rgba",
    "SUN": ".ras",
    "PCX": ".pcx",
    "DDS": ".dds",
    "TGA": ".tga .icb .vda .vst",
}
"""Suffixes by format. A file may have any of these formats, whatever its suffix; some of Pillow's others start
programs. TGA, which has no signature, comes last.
"""
FORMATS = tuple(SUFFIXES_OF)
SUFFIXES = frozenset(suffix for suffixes in SUFFIXES_OF.values() for suffix in suffixes.split())
LOSSLESS = SUFFIXES - {
    suffix for kind in ("JPEG", "GIF", "WEBP", "AVIF", "JPEG2000", "DDS") for suffix in SUFFIXES_OF[kind].split()
}
"""Suffixes of lossless formats."""
_UNREADABLE = """
.heic .heif .hif .jxl .jxr .wdp .hdp .flif .bpg .exr .hdr .rgbe .npy .mat .fits .fit .dcm .nii .btf .pam .xpm .im
.dng .cr2 .cr3 .crw .nef .nrw .arw .srf .sr2 .raf .orf .rw2 .pef .raw .3fr .psd .psb .xcf .kra .ico .icns .cur .xbm
.svg .eps .ps .ai .pdf .wmf .emf .webm .mp4 .mov .avi .mkv
"""
UNREADABLE_SUFFIXES = frozenset(_UNREADABLE.split())
"""Suffixes of pictures and films that are not read; datasets warn how many they leave out."""
MAX_PIXELS = 64_000_000
"""Larger pictures are refused before they are decoded."""
MAX_SCANS = 100
"""Most scans of a JPEG: each goes over the whole picture; progressive ones have about 10."""
SCAN, END = b"\xff\xda", b"\xff\xd9"
SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
"""Markers of a JPEG's segments; all but ``END`` are followed by a length."""
MAX_HEADER = 4096
"""Most bytes of a PPM's header, comments included; Pillow reads it byte by byte."""
CHANNEL_BITS = {"BGR;15": (5, 5, 5), "BGR;16": (5, 6, 5), "BGRA;15": (5, 5, 5, 1), "BGRA;15Z": (5, 5, 5, 1)}
"""Bits of each channel by Pillow's raw mode: BMP and TGA of 16 bits per pixel."""
FLATTENED = "flattened"
"""Key in ``info`` of a decoded picture that was transparent in places."""
ORIENTATION = 0x0112
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Transposition that turns a picture with an EXIF orientation upright."""


class BadImage(FsrbenchError):
    """A file that cannot be used as a picture."""


def decode(data: bytes) -> Image.Image:
    """Decode a file to 8-bit RGB.

    EXIF rotation is applied, the first frame of an animation taken, transparency laid on white (``info`` then has
    :data:`FLATTENED`), samples of 5, 6 and 16 bits scaled to 8 and rounded, and CMYK, palette and grey pictures
    converted. Colours are not converted; an RGB picture's profile stays in ``info``, from where Pillow writes it into
    PNGs.

    Raises:
        BadImage: empty, truncated, huge or not a picture, or its samples have no 8-bit equivalent.
    """
    if not data:
        raise BadImage("empty file")
    try:
        _refuse_slow(data)
        image = _open(data)
        return _with_profile(_to_rgb(_upright(image)), image.info.get("icc_profile"))
    except BadImage:
        raise
    except sixteen_bit.UnsupportedSamples as error:
        raise BadImage(str(error)) from None
    except Image.DecompressionBombError:
        raise BadImage(f"declares more than {MAX_PIXELS // 10**6} million pixels") from None
    except UnidentifiedImageError:
        raise BadImage("not a picture in a known format") from None
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise BadImage(f"cannot be decoded: {one_line(error)}") from None


def stored_size(data: bytes) -> tuple[int, int]:
    """Width and height in pixels as the file's header says; nothing is decoded.

    Raises:
        BadImage: the header cannot be read.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.size
    except Exception as error:  # readers raise nearly anything on damaged files
        raise BadImage(f"its header cannot be read: {one_line(error)}") from None


def _open(data: bytes) -> Image.Image:
    """The loaded picture in its stored mode, samples of 5, 6 and 16 bits brought to 8."""
    if data.startswith(sixteen_bit.TIFFS) and (deep := sixteen_bit.read_tiff(data, MAX_PIXELS)):
        return deep
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise Image.DecompressionBombError
    bits = _channel_bits(image)
    image.load()
    if bits:
        return image.point([level for n in bits for level in _rounded_levels(n)])
    if image.format == "PNG" and (deep := sixteen_bit.read_png(data, image)):
        deep.info["icc_profile"] = image.info.get("icc_profile")
        deep.getexif().update(image.getexif())
        return deep
    if image.format == "JPEG2000" and _jpeg2000_bits(data) > 8:
        raise BadImage("a JPEG 2000 of more than 8 bits per sample; save it as PNG")
    if image.format == "SGI" and data[3] == 2:
        raise BadImage("an SGI picture of 16 bits per sample; save it as PNG")
    return image


def _channel_bits(image: ImageFile.ImageFile) -> Sequence[int]:
    """Bits of each channel in pixels of 16 bits, before they are loaded; empty for other pictures."""
    if image.format not in ("BMP", "DIB", "TGA", "DDS") or not image.tile or not isinstance(image.tile[0].args, tuple):
        return ()
    codec, args = image.tile[0].codec_name, image.tile[0].args
    if codec == "dds_rgb":
        return [mask.bit_count() for mask in args[1]] if args[0] == 16 else ()
    return CHANNEL_BITS.get(args[0], ())


def _rounded_levels(bits: int) -> list[int]:
    """The 8-bit level nearest to each sample of ``bits``, at the index to which Pillow truncates it."""
    most = 2**bits - 1
    levels = list(range(256))
    for sample in range(most + 1):
        levels[sample * 255 // most] = (2 * sample * 255 + most) // (2 * most)
    return levels


def _jpeg2000_bits(data: bytes) -> int:
    """Bits per sample of the first channel; Pillow drops those beyond 8."""
    at = data.find(b"\xff\x4f\xff\x51")  # the code stream and its sizes
    return (data[at + 42] & 0x7F) + 1


def _refuse_slow(data: bytes) -> None:
    """Refuse small files that Pillow would decode for minutes."""
    if data.startswith(b"\xff\xd8") and _scans(data) > MAX_SCANS:
        raise BadImage(f"a JPEG of more than {MAX_SCANS} scans")
    if re.match(rb"P[1-6][\s#]", data) and len(re.sub(rb"#[^\r\n]*", b"", data[:MAX_HEADER]).split()) < 3:
        raise BadImage(f"no header in the first {MAX_HEADER} bytes")


def _scans(data: bytes) -> int:
    """Number of scans of a JPEG, at most just above :data:`MAX_SCANS`; without what cameras append, such as a video.

    Segments are skipped by their lengths, as decoders do: an end marker inside one does not count.
    """
    count, at = 0, 2
    while count <= MAX_SCANS and (found := SEGMENT.search(data, at)) and found[0] != END:
        count += found[0] == SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return count


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # damaged EXIF: viewers show the pixels as they are stored
        return image
    return image.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else image


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise BadImage("floating-point pixels; save it with 8 or 16 bits")
    if image.mode.startswith("I"):
        values = np.asarray(image).astype(np.float64)
        if values.min() < 0 or values.max() > 65535:
            raise BadImage("32-bit grey; save it with 8 or 16 bits")
        return Image.fromarray(np.rint(values / 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        flat = Image.alpha_composite(white, image).convert("RGB")
        if np.asarray(image.getchannel("A")).min() < 255:
            flat.info[FLATTENED] = True
        return flat
    return image.convert("RGB")


def _with_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Keep an RGB profile only: one of CMYK or grey would be wrong in an RGB file."""
    image.info.pop("icc_profile", None)
    if profile and profile[16:20] == b"RGB ":
        image.info["icc_profile"] = profile
    return image


def centre_square(image: Image.Image) -> Image.Image:
    """The central square of a picture; a square picture is returned as it is."""
    side = min(image.size)
    if image.size == (side, side):
        return image
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def pad_square(image: Image.Image) -> Image.Image:
    """A picture padded to a square of its longer side by repeating its edges; a square one is returned as it is."""
    side = max(image.size)
    if image.size == (side, side):
        return image
    before = ((side - image.height) // 2, (side - image.width) // 2)
    after = (side - image.height - before[0], side - image.width - before[1])
    widths = [(before[0], after[0]), (before[1], after[1]), (0, 0)]
    return Image.fromarray(np.pad(np.asarray(image), widths, mode="edge"))


def in_centre_square(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Coordinates of points in a picture's central square.

    Args:
        points: ...,2: x, y in pixels, pixel centres at whole numbers.
        size: width and height of the picture.

    Returns:
        ...,2 in fractions of the square's side, from its upper left corner; in [0, 1] inside it.
    """
    side = min(size)
    corner = np.array([(length - side) // 2 for length in size])
    shares: np.ndarray = (points - corner + 0.5) / side
    return shares


def to_tensor(pictures: np.ndarray) -> Tensor:
    """Convert uint8 N,H,W,3 to float N,3,H,W in [0, 1]."""
    import torch

    own = np.require(pictures, requirements=["C", "W"])  # torch warns of memory that cannot be written to
    return torch.from_numpy(own).permute(0, 3, 1, 2).float().div_(255)


def to_uint8(images: Tensor) -> np.ndarray:
    """Convert float N,3,H,W in [0, 1] to uint8 N,H,W,3, clipped and rounded."""
    import torch

    rounded = images.detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(rounded.permute(0, 2, 3, 1).cpu().numpy())
