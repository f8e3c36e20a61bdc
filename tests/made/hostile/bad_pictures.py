"""Pictures that no benchmark expects: bombs, broken, mislabelled or merely odd files. All are made here."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from made import draw_picture, encode_picture

PNG = b"\x89PNG\r\n\x1a\n"
FACE = draw_picture(7)


@dataclass(frozen=True)
class BadPicture:
    """A file and what is to become of it."""

    name: str
    make: Callable[[], bytes]
    reason: str = ""
    """Matches why it is left out; empty where it is to be scored."""

    @property
    def id(self) -> str:
        return self.name.rpartition(".")[0]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, extra: bytes = b"", raw: bytes = b"\0" * 1000) -> bytes:
    """A PNG that declares a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def face_png(extra: bytes) -> bytes:
    """A good PNG with more chunks after its header."""
    data = encode_picture(FACE)
    return data[:33] + extra + data[33:]


def bomb(size: int) -> bytes:
    """Zeros, a thousand to a byte."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()


def jpeg(width: int, height: int, **options: object) -> bytes:
    """A JPEG of 64 px whose header says something else."""
    data = bytearray(encode_picture(FACE, "JPEG", **options))
    place = next(data.find(marker) for marker in (b"\xff\xc0", b"\xff\xc2") if marker in data)
    data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def scans(count: int) -> bytes:
    """A JPEG of 36 million pixels that says the last of its layers again and again: seconds each."""
    data = encode_picture(Image.new("L", (6000, 6000)), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + data[-2:]


def frames_gif(count: int) -> bytes:
    """An animation that blinks with one pixel."""
    first = FACE.quantize(8)
    second = first.copy()
    second.putpixel((5, 5), (first.getpixel((5, 5)) + 1) % 8)
    data = encode_picture(first, "GIF", save_all=True, append_images=[second])
    last = data.rfind(b"\x21\xf9\x04")
    return data[:-1] + data[last:-1] * count + data[-1:]


def frames_webp(count: int) -> bytes:
    data = encode_picture(FACE, "WEBP", save_all=True, append_images=[FACE.rotate(90)])
    last = data.rfind(b"ANMF")
    data += data[last:] * count
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def tiff_patched(tag: int, value: int, image: Image.Image = FACE) -> bytes:
    """A TIFF with one of its directory's values changed."""
    data = bytearray(encode_picture(image, "TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    for i in range(struct.unpack_from("<H", data, start)[0]):
        at = start + 2 + 12 * i
        if struct.unpack_from("<H", data, at)[0] == tag:
            struct.pack_into("<HII", data, at + 2, 4, 1, value)
    return bytes(data)


def tiff_circle() -> bytes:
    """A TIFF whose only directory is followed by itself."""
    data = bytearray(encode_picture(FACE, "TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    struct.pack_into("<I", data, start + 2 + 12 * struct.unpack_from("<H", data, start)[0], start)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    data = bytearray(encode_picture(FACE, "BMP"))
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


def webp(width: int, height: int) -> bytes:
    data = bytearray(encode_picture(FACE, "WEBP", lossless=True))
    place = data.find(b"VP8L") + 9
    struct.pack_into("<I", data, place, (width - 1) | (height - 1) << 14)
    return bytes(data)


def gif(width: int, height: int) -> bytes:
    data = bytearray(encode_picture(FACE.quantize(8), "GIF"))
    struct.pack_into("<HH", data, 6, width, height)
    return bytes(data)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode_picture(FACE, "JPEG", exif=exif)


def grey16() -> Image.Image:
    return Image.fromarray(np.asarray(FACE.convert("L")).astype(np.uint16) * 257)


def cut(format: str, size: int = 500) -> Callable[[], bytes]:
    return lambda: encode_picture(FACE, format)[:size]


def says(data: bytes) -> Callable[[], bytes]:
    return lambda: data


HUGE = "declares more than 64 million pixels"
BROKEN = "cannot be decoded"
STRANGE = "not a picture in a known format"

LEFT_OUT = [
    BadPicture("zero-byte.png", says(b""), "empty file"),
    BadPicture("one-byte.jpg", says(b"\xff"), STRANGE),
    BadPicture("page.jpg", says(b"<!DOCTYPE html><html>404</html>"), STRANGE),
    BadPicture("pointer.png", says(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), STRANGE),
    BadPicture("drawing.png", says(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), STRANGE),
    BadPicture("postscript.png", says(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n"), STRANGE),
    BadPicture("document.jpg", says(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"), STRANGE),
    BadPicture("archive.png", says(b"PK\x05\x06" + bytes(18)), STRANGE),
    BadPicture("pickle.png", says(b"\x80\x04cos\nsystem\n(S'touch sprung'\ntR."), STRANGE),
    BadPicture("icon.png", lambda: encode_picture(FACE, "ICO"), STRANGE),
    BadPicture("cut.png", cut("PNG"), BROKEN),
    BadPicture("cut-in-header.png", cut("PNG", 20), f"{BROKEN}|{STRANGE}"),
    BadPicture("cut-jpeg.jpg", cut("JPEG"), BROKEN),
    BadPicture("cut-tiff.tif", cut("TIFF"), BROKEN),
    BadPicture("cut-bmp.bmp", cut("BMP"), BROKEN),
    BadPicture("cut-webp.webp", cut("WEBP"), f"{BROKEN}|{STRANGE}"),
    BadPicture("cut-ppm.ppm", cut("PPM"), BROKEN),
    BadPicture(
        "no-data.png", says(PNG + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))), f"{BROKEN}|{STRANGE}"
    ),
    BadPicture("wrong-checksum.png", lambda: encode_picture(FACE).replace(b"IDAT", b"IDAT\1", 1), BROKEN),
    BadPicture("bomb.png", lambda: png(100_000, 100_000), HUGE),
    BadPicture("bomb-81-million.png", lambda: png(9_000, 9_000), HUGE),
    BadPicture("bomb-jpeg.jpg", lambda: jpeg(65_500, 65_500), HUGE),
    BadPicture("bomb-gif.gif", lambda: gif(65_535, 65_535), HUGE),
    BadPicture("bomb-bmp.bmp", lambda: bmp(100_000, 100_000), HUGE),
    BadPicture("bomb-tiff.tif", lambda: tiff_patched(256, 10_000_000), HUGE),
    BadPicture("bomb-webp.webp", lambda: webp(16_383, 16_383), HUGE),
    BadPicture("bomb-ppm.ppm", says(b"P6 100000 100000 255\n" + bytes(100)), HUGE),
    BadPicture("bomb-text.png", lambda: face_png(chunk(b"zTXt", b"a\0\0" + bomb(2**27))), BROKEN),
    BadPicture("bomb-many-texts.png", lambda: face_png(chunk(b"zTXt", b"a\0\0" + bomb(2**20)) * 100), BROKEN),
    BadPicture("bomb-colours.png", lambda: face_png(chunk(b"iCCP", b"a\0\0" + bomb(2**27))), BROKEN),
    BadPicture("bomb-scans.jpg", lambda: scans(2000), "scans"),
    BadPicture("strip-elsewhere.tif", lambda: tiff_patched(273, 0xFFFFFFF0), BROKEN),
    BadPicture("float.tif", lambda: encode_picture(FACE.convert("F"), "TIFF"), "floating-point"),
    BadPicture("grey32.tif", lambda: encode_picture(Image.new("I", (64, 64), 1 << 20), "TIFF"), "32-bit"),
    BadPicture("small.png", lambda: encode_picture(draw_picture(1, 32)), "HR is 32 px, task x4 needs at least 64"),
    BadPicture("pixel.png", lambda: encode_picture(draw_picture(1, 1)), "HR is 1 px"),
    BadPicture("narrow.png", lambda: encode_picture(FACE.crop((0, 0, 20, 64))), "HR is 20 px"),
    BadPicture("long-comment.ppm", says(b"P6 #" + b"x" * 30_000_000), "no header"),
]
"""Files that are left out, each with its reason."""

ODD = [
    BadPicture("grey.png", lambda: encode_picture(FACE.convert("L"))),
    BadPicture("16-bit.png", lambda: encode_picture(grey16())),
    BadPicture("16-bit-tiff.tiff", lambda: encode_picture(grey16(), "TIFF")),
    BadPicture("print.jpg", lambda: encode_picture(FACE.convert("CMYK"), "JPEG")),
    BadPicture("print-tiff.tif", lambda: encode_picture(FACE.convert("CMYK"), "TIFF")),
    BadPicture("alpha.png", lambda: encode_picture(FACE.convert("RGBA"))),
    BadPicture("grey-alpha.png", lambda: encode_picture(FACE.convert("LA"))),
    BadPicture("palette.png", lambda: encode_picture(FACE.quantize(32), transparency=0)),
    BadPicture("fax.png", lambda: encode_picture(FACE.convert("1"))),
    BadPicture("turned.jpg", turned),
    BadPicture("damaged-exif.jpg", lambda: turned().replace(b"\x01\x12", b"\xff\xff", 1)),
    BadPicture("jpeg.png", lambda: encode_picture(FACE, "JPEG")),
    BadPicture("png.jpg", lambda: encode_picture(FACE)),
    BadPicture("with-a-tail.jpg", lambda: encode_picture(FACE, "JPEG") + b"<?php ?>" * 1000),
    BadPicture("and-a-zip.png", lambda: encode_picture(FACE) + b"PK\x05\x06" + bytes(18)),
    BadPicture("unpacks-to-more.png", lambda: png(64, 64, raw=bytes(2**24))),
    BadPicture("many-texts.png", lambda: face_png(chunk(b"tEXt", b"a\0b") * 20_000)),
    BadPicture("moving.gif", lambda: frames_gif(1)),
    BadPicture("moving-100000.gif", lambda: frames_gif(100_000)),
    BadPicture("moving-10000.webp", lambda: frames_webp(10_000)),
    BadPicture("moving.png", lambda: encode_picture(FACE, save_all=True, append_images=[FACE.rotate(90)])),
    BadPicture("in-a-circle.tif", tiff_circle),
    BadPicture("strip-of-4-gb.tif", lambda: tiff_patched(279, 0xFFFFFFFF)),
    BadPicture("65 px.png", lambda: encode_picture(draw_picture(7, 65))),
    BadPicture("wide.png", lambda: encode_picture(draw_picture(7, 90).crop((0, 0, 90, 64)))),
    BadPicture("very-wide.png", lambda: encode_picture(draw_picture(7, 64).resize((20_000, 64)))),
]
"""Files that no benchmark expects and every user has: scored like any other."""
