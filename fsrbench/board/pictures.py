"""The worst and the best of a method's pictures, from its bundle: only SR, decoded and written as new files."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fsrbench.board.submissions import Entry, stable_id
from fsrbench.board.text import value_text
from fsrbench.board.tracks import BoardTrack
from fsrbench.errors import FsrbenchError
from fsrbench.files.atomic import whole
from fsrbench.pictures.decode import decode

EACH: Final = 4
"""Number of worst pictures, and of best ones."""
SIDE: Final = 128
"""Side at which a picture is shown, in pixels."""
LARGEST: Final = 256
"""Larger pictures are reduced to this side."""


@dataclass(frozen=True)
class Shown:
    """A picture on a method's page."""

    image: str
    score: str
    file: str
    """Path below the board's folder."""
    width: int
    height: int


@dataclass(frozen=True)
class WorstAndBest:
    """Pictures of one method in one track."""

    metric: str
    worst: tuple[Shown, ...]
    best: tuple[Shown, ...]


def worst_and_best(track: BoardTrack, entry: Entry, out: Path) -> WorstAndBest | None:
    """Write some pictures of a method below ``out``; ``None`` if its bundle has none with a score.

    They are the worst and the best by the track's first metric among the pictures that the bundle has.
    """
    if track.first is None or track.first.info.name not in entry.scores:
        return None
    info = track.first.info
    held = entry.submission.bundle.pictures(entry.place)
    scores = entry.scores[info.name].reindex(held).dropna()
    ordered = scores.sort_values(ascending=info.direction == "higher", kind="stable")
    each = min(EACH, (len(ordered) + 1) // 2)
    worst = list(_written(track, entry, ordered.index[:each], out))
    best = list(_written(track, entry, ordered.index[::-1][: min(each, len(ordered) - each)], out))
    return WorstAndBest(info.label, tuple(worst), tuple(best)) if worst else None


def _written(track: BoardTrack, entry: Entry, images: Iterable[str], out: Path) -> Iterable[Shown]:
    """Write each picture as a file; files that are not pictures are left out, as ``fsrbench verify`` reports them."""
    assert track.first is not None
    for image in images:
        name = f"pictures/{stable_id(image, [entry.submission.bundle.sha256, entry.place, image])}.png"
        try:
            picture = decode(entry.submission.bundle.picture(entry.place, image))
        except FsrbenchError:
            continue
        picture.thumbnail((LARGEST, LARGEST))
        data = io.BytesIO()
        picture.save(data, "PNG", optimize=True)
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        with whole(out / name) as part:
            part.write_bytes(data.getvalue())
        side = max(picture.size)
        width, height = (max(1, round(SIDE * length / side)) for length in picture.size)
        score = value_text(track.first.info, float(entry.scores[track.first.info.name][image]))
        yield Shown(image, score, name, width, height)
