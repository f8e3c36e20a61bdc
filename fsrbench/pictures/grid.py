"""Draw faces side by side: LR, each method and HR, one row per image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from fsrbench.errors import UserError
from fsrbench.files.atomic import whole
from fsrbench.pictures.fonts import OWN, file_for, spelled

Picture = NDArray[np.uint8]
"""H,W,3."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a picture, as fractions of its sides."""

SMALLEST_CELL: Final = 192
"""Least size in pixels of a picture's longer side: about that of a face on a paper's page."""
LARGEST_CELL: Final = 256
"""Larger pictures are reduced to this, so that titles and captions stay readable beside them; a face's eyes and mouth,
enlarged below, then show about every pixel of a picture of 512 px."""
GAP: Final = 6
PART_GAP: Final = 3
MARGIN: Final = 12
TITLE_SIZE: Final = 17
CAPTION_SIZE: Final = 13
LINE: Final = 17
"""Line height of the caption."""
ROW_SIZE: Final = 11
PART_ASPECT: Final = 2.4
"""Width / height of the enlarged parts below a picture."""
SMALLEST_TEXT: Final = 9
BLACK: Final = (0, 0, 0)
GREY: Final = (90, 90, 90)
PALE: Final = (242, 242, 242)


@dataclass(frozen=True)
class GridColumn:
    """One column of pictures."""

    title: str
    images: Sequence[Picture | None]
    """``None`` for a missing picture: an empty tile says so."""
    captions: Sequence[str] = ()
    """A line below each picture, such as ``23.4 dB``; none by default."""
    pixelated: bool = False
    """Enlarge to visible pixels, as for LR; else smoothly, as viewers do."""


@dataclass(frozen=True)
class _Layout:
    """Positions and sizes in pixels."""

    cell: tuple[int, int]
    left: int
    top: int
    below: int
    """Height between a picture and its parts."""
    step: tuple[int, int]
    size: tuple[int, int]

    @property
    def part(self) -> tuple[int, int]:
        """Size of an enlarged part."""
        return self.cell[0], round(self.cell[0] / PART_ASPECT)

    def corner(self, row: int, column: int) -> tuple[int, int]:
        return self.left + column * self.step[0], self.top + row * self.step[1]

    def part_corner(self, row: int, column: int, number: int) -> tuple[int, int]:
        left, top = self.corner(row, column)
        return left, top + self.cell[1] + self.below + number * (self.part[1] + PART_GAP)


def draw_grid(
    columns: Sequence[GridColumn],
    rows: Sequence[str],
    out: Path,
    caption: str = "",
    cell: int | None = None,
    parts: Sequence[Sequence[Box]] = (),
    metadata: PngInfo | None = None,
) -> None:
    """Draw pictures side by side and write them as PNG.

    Args:
        columns: from left to right; each with as many images as there are rows.
        rows: a name for each row, written at its left; may be empty.
        out: the file.
        caption: below everything, wrapped.
        cell: longer side of each picture in pixels; by default :func:`cell_for` of the last column's (usually HR).
        parts: for each row, parts shown enlarged below its pictures.
        metadata: of the file.

    Raises:
        UserError: nothing to draw, or a column without one image for each row.
    """
    _check(columns, len(rows))
    layout = _layout(columns, rows, caption, cell, max(map(len, parts), default=0))
    page = Image.new("RGB", layout.size, "white")
    size = min(int(fit(column.title, layout.cell[0], TITLE_SIZE)[1].size) for column in columns)
    for place, column in enumerate(columns):
        _draw_column(page, layout, place, column, size)
        for row, boxes in enumerate(parts):
            for number, box in enumerate(boxes):
                if (image := column.images[row]) is not None:
                    part = enlarge(image, layout.part, column.pixelated, box)
                    page.paste(part, layout.part_corner(row, place, number))
    for place, name in enumerate(rows):
        _draw_row_name(page, layout, place, name)
    if caption:
        _draw_caption(page, caption)
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole(out) as file:
        page.save(file, dpi=(200, 200), pnginfo=metadata, compress_level=4)  # 4 % larger than 6, in 0.4 of the time


def cell_for(side: int) -> int:
    """The side at which a picture is shown: its smallest multiple from :data:`SMALLEST_CELL` on, or reduced.

    >>> [cell_for(side) for side in (64, 128, 256, 512)]
    [192, 256, 256, 256]
    """
    return side * math.ceil(SMALLEST_CELL / side) if side < SMALLEST_CELL else min(side, LARGEST_CELL)


def has_gaps(column: GridColumn) -> bool:
    """Whether a picture is missing."""
    return any(image is None for image in column.images)


def faces_of(columns: Sequence[GridColumn]) -> NDArray[np.uint8]:
    """One picture of each row, N,H,W,3: the last column's (usually HR), or the last that is not missing."""
    rows = zip(*(column.images for column in columns), strict=True)
    return np.stack([next(image for image in reversed(row) if image is not None) for row in rows])


def _check(columns: Sequence[GridColumn], rows: int) -> None:
    if not columns or not rows:
        raise UserError("nothing to draw: a grid needs at least one column and one row")
    for column in columns:
        if len(column.images) != rows or (column.captions and len(column.captions) != rows):
            raise UserError(f"grid: column {column.title} does not have one image and caption for each of {rows} rows")


def enlarge(image: Picture, size: tuple[int, int], pixelated: bool, box: Box = (0, 0, 1, 1)) -> Image.Image:
    """Enlarge a picture, or a part of it, to ``size``: to visible pixels or smoothly; if it gets smaller, smoothly."""
    height, width = image.shape[:2]
    pixels = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    enlarged = pixels[2] - pixels[0] <= size[0]
    kernel = Image.Resampling.NEAREST if pixelated and enlarged else Image.Resampling.LANCZOS
    return Image.fromarray(image).resize(size, kernel, box=pixels)


def fit(text: str, width: int, size: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """The text and a font in which it is at most ``width`` wide; the middle of too long a text is cut out."""
    text = spelled(text)
    file = file_for(text)
    for smaller in range(size, SMALLEST_TEXT - 1, -1):
        if _font(smaller, file).getlength(text) <= width:
            return text, _font(smaller, file)
    font = _font(SMALLEST_TEXT, file)
    for kept in range(len(text) - 1, 1, -1):
        short = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"
        if font.getlength(short) <= width:
            return short, font
    return "…", font


def wrap(text: str, width: int, size: int) -> list[str]:
    """Wrap a text into lines of at most ``width``; a longer word has a line of its own."""
    lines = [""]
    text = spelled(text)
    font = _font(size, file_for(text))
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@lru_cache
def _font(size: int, file: Path = OWN) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)


def _layout(columns: Sequence[GridColumn], rows: Sequence[str], caption: str, cell: int | None, parts: int) -> _Layout:
    picture = faces_of(columns)[0]
    longer = max(picture.shape[:2])
    side = cell or cell_for(longer)
    box = (round(side * picture.shape[1] / longer), round(side * picture.shape[0] / longer))
    left = MARGIN + (ROW_SIZE + GAP if any(rows) else 0)
    top = MARGIN + TITLE_SIZE + GAP
    below = CAPTION_SIZE + GAP if any(column.captions for column in columns) else 0
    apart = PART_GAP + GAP if parts else 0  # keeps a row's parts apart from the next row
    part = round(box[0] / PART_ASPECT) + PART_GAP
    below = max(below, PART_GAP) if parts else below
    step = (box[0] + GAP, box[1] + GAP + below + parts * part + apart)
    width = left + len(columns) * step[0] - GAP + MARGIN
    lines = len(wrap(caption, width - 2 * MARGIN, CAPTION_SIZE)) if caption else 0
    bottom = MARGIN - GAP + (CAPTION_SIZE + 2 * GAP + (lines - 1) * LINE if caption else 0)
    size = (width, top + len(rows) * step[1] + bottom)
    return _Layout(box, left, top, below, step, size)


def _draw_column(page: Image.Image, layout: _Layout, place: int, column: GridColumn, title_size: int) -> None:
    draw = ImageDraw.Draw(page)
    width, height = layout.cell
    left, _ = layout.corner(0, place)
    title, font = fit(column.title, width, title_size)
    draw.text((left + width // 2, layout.top - GAP), title, BLACK, font, anchor="md")
    for row, image in enumerate(column.images):
        corner = layout.corner(row, place)
        page.paste(_empty(layout.cell) if image is None else enlarge(image, layout.cell, column.pixelated), corner)
        if column.captions and image is not None:
            text, font = fit(column.captions[row], width, CAPTION_SIZE)
            draw.text((corner[0] + width // 2, corner[1] + height + 3), text, GREY, font, anchor="ma")


def _empty(size: tuple[int, int]) -> Image.Image:
    """A tile in place of a missing picture."""
    tile = Image.new("RGB", size, PALE)
    text, font = fit("no picture", size[0], CAPTION_SIZE)
    ImageDraw.Draw(tile).text((size[0] // 2, size[1] // 2), text, GREY, font, anchor="mm")
    return tile


def _draw_row_name(page: Image.Image, layout: _Layout, row: int, name: str) -> None:
    """Write the name from bottom to top beside its row."""
    if not name:
        return
    height = layout.cell[1]
    text, font = fit(name, height, ROW_SIZE)
    strip = Image.new("RGB", (height, ROW_SIZE + 4), "white")
    ImageDraw.Draw(strip).text((height // 2, (ROW_SIZE + 4) // 2), text, GREY, font, anchor="mm")
    page.paste(strip.rotate(90, expand=True), (MARGIN - 2, layout.corner(row, 0)[1]))


def _draw_caption(page: Image.Image, caption: str) -> None:
    """Write the caption at the bottom of the page."""
    width, height = page.size
    lines = wrap(caption, width - 2 * MARGIN, CAPTION_SIZE)
    for above, line in enumerate(reversed(lines)):
        text, font = fit(line, width - 2 * MARGIN, CAPTION_SIZE)
        bottom = (width // 2, height - MARGIN - above * LINE)
        ImageDraw.Draw(page).text(bottom, text, GREY, font, anchor="mb")
