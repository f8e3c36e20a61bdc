"""Damaged pictures of every format: a picture or one line, quickly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import encode_picture
from made.hostile.bad_pictures import FACE, frames_gif, turned
from made.hostile.fuzz import fuzz, mutated, only
from PIL import Image

from fsrbench.pictures.decode import FORMATS, BadImage, centre_square, decode

pytestmark = pytest.mark.heavy

SMALL = FACE.resize((16, 16))
Image.init()
WHOLE = {name.lower(): encode_picture(SMALL, name) for name in FORMATS if name in Image.SAVE} | {
    "progressive": encode_picture(SMALL, "JPEG", progressive=True),
    "interlaced": encode_picture(SMALL.quantize(8), "PNG", transparency=0),
    "turned": turned(),
    "moving": frames_gif(2),
    "lzw": encode_picture(SMALL, "TIFF", compression="tiff_lzw"),
    "text": b"P3 4 4 255 " + b"9 8 7 " * 16,
}


@pytest.mark.parametrize("format", WHOLE)
def test_damaged_picture(format: str) -> None:
    @fuzz(120)
    @given(mutated(WHOLE[format]))
    def check(data: bytes) -> None:
        with only(BadImage):
            picture = centre_square(decode(data))
            assert picture.mode == "RGB"
            assert picture.width == picture.height > 0

    check()


@fuzz(200)
@given(st.sampled_from([data[:n] for data in WHOLE.values() for n in (0, 2, 4, 12)]), st.binary(max_size=200))
def test_bytes_after_a_good_beginning(head: bytes, tail: bytes) -> None:
    with only(BadImage):
        decode(head + tail)
