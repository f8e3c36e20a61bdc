"""The run's pictures as data URLs, and the scores shown below them."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from fsrbench.reports.plots.looks import looks
from fsrbench.reports.short_names import short_names
from fsrbench.runs.choice import choose_rows, most_shared
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import BOUNDS, HR, LR
from fsrbench.runs.pictures import PictureFolder

MOST_SHOWN: Final = 200
BUDGET: Final = 22_000_000
"""Maximum bytes of the page's pictures, printed ones included: with plots and tables the page stays below 25 MB, which
mail and reviewing systems accept."""
LOSSLESS_SIDE: Final = 128
"""Pictures up to this many pixels are always lossless; larger ones only if all of them then fit in the budget."""
QUALITY: Final = 93
"""JPEG quality otherwise, without chroma subsampling: a third of the lossless size, PSNR at least 41 dB."""
SPECIMENS: Final = 6
"""Number of images in print, where nobody can browse."""
SPECIMEN_SIDE: Final = 256
"""Larger pictures are reduced to this side in print, where they are 2 cm wide."""
JPEG: Final = "/9j/"
"""First characters of every JPEG in base64."""
EXTRA_DIGITS: Final = 2
"""Digits beyond those shown, so that scores that look equal still sort."""


@dataclass(frozen=True)
class Pictures:
    """Pictures and scores of some images. A row is LR, a method or HR."""

    rows: tuple[str, ...]
    titles: dict[str, str]
    """Heading of each row's picture: its name, shortened if it is long."""
    images: tuple[str, ...]
    encoded: tuple[tuple[str | None, ...], ...]
    """By image, then by row: lossless WebP or JPEG in base64; ``None`` where there is no picture."""
    kept: int
    """Number of images that the run kept."""
    sharing: str
    """Says how many of them have a picture of every method; empty if all do."""
    lossy: int
    """Side in pixels of the largest pictures that are JPEGs here; 0 if all are lossless."""
    metrics: tuple[MetricInfo, ...]
    """Those with per-image scores."""
    scores: tuple[tuple[tuple[float | str | None, ...], ...], ...]
    """By metric, row and image, in the unit shown; infinite ones as text, ``None`` for no score."""

    def scored(self, row: int) -> list[tuple[int, MetricInfo]]:
        """The metrics with a score for any picture of a row, and their indices."""
        return [
            (place, metric)
            for place, metric in enumerate(self.metrics)
            if any(score is not None for score in self.scores[place][row])
        ]

    def facts(self) -> dict[str, Any]:
        """Everything but the pictures, for the page's script."""
        metrics = [
            {"title": m.title, "unit": m.unit, "direction": m.direction, "digits": m.digits} for m in self.metrics
        ]
        rows = [{"title": row.upper() if row in (LR, HR) else row, "method": row not in (LR, HR)} for row in self.rows]
        made = ["".join("1" if text else "0" for text in pictures) for pictures in self.encoded]
        return {"rows": rows, "images": self.images, "made": made, "metrics": metrics, "scores": self.scores}


@dataclass(frozen=True)
class Specimen:
    """One image in print."""

    image: str
    cells: tuple[tuple[str, str], ...]
    """By row: the picture as a URL (empty for none) and its score as text."""


def read_pictures(run: RunData, most: int = MOST_SHOWN, budget: int | None = None) -> Pictures | None:
    """The pictures of the first ``most`` images of a run, as many as fit in the budget (bytes of base64).

    If not all fit, those of the run's grid come first, which span the scores; without a grid, those that most methods
    have.

    Returns:
        ``None`` where the run kept no pictures.
    """
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    rows = tuple(row for row in dict.fromkeys([LR, *run.rows]) if run.renamed.get(row, row) in index.rows)
    if HR in index.rows and HR not in rows and (not run.renamed or HR in run.renamed):
        rows = (*rows, HR)  # worth seeing even if no metric scored it
    methods = [run.renamed.get(row, row) for row in run.methods]
    wanted = index.images[:most]
    first = index.grid or most_shared(index.methods_of(methods), SPECIMENS)
    order = list(dict.fromkeys([*(image for image in first if image in wanted), *wanted]))
    files = [[folder.file(run.renamed.get(row, row), image) for row in rows] for image in order]
    budget = BUDGET - _on_paper(files) if budget is None else budget
    largest = LOSSLESS_SIDE if _too_large(files, budget) else None
    made = dict(zip(order, _encode_all(files, budget, largest), strict=False))  # ends when the budget is used up
    if not made or not rows:
        return None
    images = tuple(image for image in wanted if image in made)
    encoded = tuple(made[image] for image in images)
    metrics, scores = _scores(run, rows, images)
    lossy = max((_side(path) for path in files[0]), default=0) if largest else 0
    kept, sharing = len(index.images), index.sharing(methods)
    return Pictures(rows, titles(run), images, encoded, kept, sharing, lossy, metrics, scores)


def _too_large(files: Sequence[Sequence[Path]], budget: int) -> bool:
    """Whether pictures are large and would not fit in the budget losslessly, estimated from the first image."""
    if not files or max(map(_side, files[0]), default=0) <= LOSSLESS_SIDE:
        return False
    return len(files) * sum(len(_encode(path) or "") for path in files[0]) > budget


def _encode_all(files: Sequence[Sequence[Path]], budget: int, lossless: int | None) -> Iterator[tuple[str | None, ...]]:
    """Encode each image's pictures until the budget is used up."""
    for paths in files:
        made = tuple(_encode(path, lossless) for path in paths)
        budget -= sum(len(text) for text in made if text)
        if budget < 0:
            return
        yield made


def specimens(run: RunData, pictures: Pictures) -> tuple[list[Specimen], str]:
    """Choose some images from a method's best to its worst, and describe the choice."""
    methods = [row for row in pictures.rows if row in run.methods]
    metric = pictures.metrics[0] if pictures.metrics else None
    base = methods[0] if methods else ""
    shown = run.scores[run.scores["image"].isin(pictures.images)]
    higher = metric is None or metric.direction != "lower"
    chosen = choose_rows(shown, metric.name if metric else "", base, SPECIMENS, higher_is_better=higher)
    chosen = chosen or list(pictures.images[:SPECIMENS])
    folder, found = PictureFolder(run.path / "images"), []
    for image in chosen:
        place = pictures.images.index(image)
        cells = []
        for row, text in enumerate(pictures.encoded[place]):
            score = pictures.scores[0][row][place] if metric else None
            words = f"{metric.title} {_text(score, metric)}" if metric and score is not None else ""
            file = folder.file(run.renamed.get(pictures.rows[row], pictures.rows[row]), image)
            cells.append((_url(_for_paper(text, file)) if text else "", words))
        found.append(Specimen(image, tuple(cells)))
    order = f", from {pictures.titles[base]}'s best {metric.title} to its worst" if metric and base else ""
    return found, f"{len(found)} of {pictures.kept} images{order}"


def titles(run: RunData) -> dict[str, str]:
    """A short name for each row."""
    return {**short_names(name for name in looks(run) if name not in BOUNDS), LR: LR.upper(), HR: HR.upper()}


def _encode(path: Path, lossless: int | None = None, most: int | None = None) -> str | None:
    """Encode a PNG file as base64; ``None`` if it is missing or cannot be read.

    Args:
        path: the file.
        lossless: largest side that is encoded losslessly; ``None`` for any.
        most: larger pictures are reduced to this side.
    """
    try:
        with Image.open(path, formats=["PNG"]) as file:
            image = file.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    if most and max(image.size) > most:
        image.thumbnail((most, most), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if lossless is None or max(image.size) <= lossless:
        # The fastest method: others save a tenth of the size but take several times as long
        image.save(buffer, "WEBP", lossless=True, method=0, quality=0)
    else:
        image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return base64.b64encode(buffer.getvalue()).decode()


def _for_paper(text: str, path: Path) -> str:
    """The encoded picture itself if it is small, else a reduced one."""
    return text if _side(path) <= SPECIMEN_SIDE else _encode(path, LOSSLESS_SIDE, SPECIMEN_SIDE) or text


def _on_paper(files: Sequence[Sequence[Path]]) -> int:
    """Bytes of the specimens, estimated from the first image."""
    made = [_encode(path, LOSSLESS_SIDE, SPECIMEN_SIDE) for path in (files[0] if files else ())]
    return min(SPECIMENS, len(files)) * sum(len(text) for text in made if text)


def _side(path: Path) -> int:
    """Longer side in pixels; 0 if the file is missing or cannot be read."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return max(image.size)
    except (OSError, ValueError, Image.DecompressionBombError):
        return 0


def _url(text: str) -> str:
    return f"data:image/{'jpeg' if text.startswith(JPEG) else 'webp'};base64,{text}"


def _scores(
    run: RunData, rows: tuple[str, ...], images: tuple[str, ...]
) -> tuple[tuple[MetricInfo, ...], tuple[tuple[tuple[float | str | None, ...], ...], ...]]:
    wanted = run.scores[run.scores["image"].isin(images) & run.scores["method"].isin(rows)]
    there = set(wanted["metric"])
    metrics = tuple(run.metric(name) for name in run.metrics if name in there)
    tables = []
    for metric in metrics:
        shown = run.per_image(metric.name).reindex(index=list(images), columns=list(rows))
        tables.append(tuple(tuple(_score(float(value), metric) for value in shown[row]) for row in rows))
    return metrics, tuple(tables)


def _score(value: float, metric: MetricInfo) -> float | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return round(value * metric.factor, metric.digits + EXTRA_DIGITS)


def _text(score: float | str, metric: MetricInfo) -> str:
    """Format a score of :attr:`Pictures.scores`."""
    return metric.text(float(score) / metric.factor)
