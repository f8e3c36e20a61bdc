"""The grid of a run: which faces it shows, with which captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.gallery.face_parts import face_parts
from fsrbench.pictures.fonts import spelled
from fsrbench.pictures.grid import GridColumn, Picture, draw_grid, faces_of, has_gaps
from fsrbench.reports.plots.looks import looks
from fsrbench.reports.short_names import short_names
from fsrbench.reports.tables.build import fitted
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.sources import Source, arranged
from fsrbench.runs.choice import How, choose_rows, most_shared
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import BOUNDS, HR, LR
from fsrbench.runs.pictures import Index, PictureFolder

BY: Final = ("psnr", "psnr_y", "ssim", "niqe", "niqe_face")
"""Metrics to choose images by; the first that the run has scores of is used."""
ROWS: Final = 5
WITH_UNIT: Final = ("dB",)
"""Units that identify the metric; other captions have the metric's title before the number."""

FILE: Final = "grid.png"
"""The run's own grid, in its folder."""
OTHER_FILE: Final = "grid_chosen.png"
"""A grid of another choice, which does not overwrite the run's own."""


@dataclass(frozen=True)
class Choice:
    """What to show."""

    images: tuple[str, ...] | None = None
    """These images, or ``count`` images chosen ``how``."""
    how: How = "spread"
    count: int = ROWS
    by: str | None = None
    """A metric; the first of :data:`BY` by default."""
    of: str | None = None
    """A method; the first by default."""
    methods: tuple[str, ...] | None = None
    parts: bool = True
    """Whether eyes and mouth are shown enlarged."""
    seed: int = 0


class NoPictures(UserError):
    """The run kept no pictures, or none of the requested ones."""


def run_images(run: RunData) -> list[str]:
    """The images of a run's own grid: from the first method's best to its worst, of those that no method failed on.

    If these are fewer than the grid shows, the images that most methods have. Empty if no metric scores single images.
    """
    by = _first_scored(run)
    if not by:
        return []
    scored = run.per_image(by).reindex(columns=run.methods).notna()
    methods_of = {str(image): [str(name) for name, has in row.items() if has] for image, row in scored.iterrows()}
    return _choose(run, Choice(), by, {image: names for image, names in methods_of.items() if names})


@dataclass(frozen=True)
class Drawn:
    """A drawn grid."""

    file: Path
    remark: str = ""
    """Note on images that could not be chosen, and on methods that lack pictures; empty if there is neither."""


def draw_again(path: Path, choice: Choice, out: Path | None = None, layout: Layout | None = None) -> Drawn:
    """Draw a grid of a finished run; arguments, result and errors as of :func:`draw`."""
    run = RunData.load(path)
    if layout:
        layout = fitted([Source(run)], layout)
    return draw(run, choice, out, layout)


def draw(run: RunData, choice: Choice, out: Path | None = None, layout: Layout | None = None) -> Drawn:
    """Draw LR, each method and HR side by side, one row per image, from the pictures that the run kept.

    Args:
        run: a finished run.
        choice: what to show; by default what the run's own grid shows.
        out: the PNG file; by default :data:`FILE` for the run's own grid and :data:`OTHER_FILE` for other choices.
        layout: which methods are shown, in which order and under which names; ``choice`` uses their original names.

    Raises:
        NoPictures: the run kept none.
        UserError: no such image, metric or method.
    """
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    arranged_run = arranged(run, layout or Layout())
    titles = {arranged_run.renamed.get(row, row): title for row, title in _titles(arranged_run).items()}
    names = dict(zip(titles.values(), titles, strict=True)) | {name: name for name in titles}
    methods_of = index.methods_of(name for name in titles if name not in BOUNDS)
    methods = [name for name in titles if any(name in made for made in methods_of.values())]
    if not methods or LR not in index.rows:
        raise NoPictures(f"{run.path}: no pictures were kept; `fsrbench run` with the same --out keeps them")
    shown = _known("method", [names.get(name, name) for name in choice.methods or methods], methods)
    choice = replace(choice, of=names.get(choice.of, choice.of) if choice.of else None)
    methods_of = index.methods_of(shown)
    own = choice == Choice(parts=choice.parts) and index.grid is not None
    by = choice.by or _first_scored(run)
    kept = [image for image in index.grid or () if image in methods_of] if own else []
    rows = kept or _choose(run, choice, by, methods_of)
    columns = [GridColumn("LR", _pictures(folder, index, LR, rows), pixelated=True)]
    for name in [*shown, *([HR] if HR in index.rows and (not layout or layout.ceiling) else [])]:
        captions = _captions(run, arranged_run.metric(by), name, rows) if by else ()
        columns.append(GridColumn(titles[name], _pictures(folder, index, name, rows), captions))
    out = out or run.path / (FILE if choice == Choice() and own and not layout else OTHER_FILE)
    gaps = _shared_by_few(index, shown) if any(map(has_gaps, columns)) else ""
    parts = face_parts(faces_of(columns)) if choice.parts else ()
    draw_grid(columns, rows, out, caption=gaps[:1].upper() + gaps[1:], parts=parts)
    chosen = "" if own or choice.images else _remark(len(index.images), run.scores["image"].nunique())
    return Drawn(out, "; ".join(filter(None, (gaps, chosen))))


def gaps(run: RunData) -> str:
    """Which methods' pictures are missing from a run's own grid, in one line; empty for none."""
    index = PictureFolder(run.path / "images").read_index()
    methods_of = index.methods_of(run.methods)
    methods = {name for names in methods_of.values() for name in names}
    if sum(len(names) == len(methods) for names in methods_of.values()) >= min(ROWS, max(1, len(methods_of))):
        return ""
    return _shared_by_few(index, run.methods) if methods_of else "no method made a picture"


def _shared_by_few(index: Index, methods: Sequence[str]) -> str:
    return f"{index.sharing(methods)}; shown are some that most have"


def _titles(run: RunData) -> dict[str, str]:
    """The title of each row of a run."""
    return {**short_names((name for name in looks(run) if name not in BOUNDS), spell=spelled), HR: "HR", LR: "LR"}


def _remark(kept: int, total: int) -> str:
    if kept >= total:
        return ""
    return f"chosen from the {kept} of {total} images whose pictures were kept; `fsrbench run --save-images` keeps all"


def _choose(run: RunData, choice: Choice, by: str, methods_of: Mapping[str, Sequence[str]]) -> list[str]:
    """Choose images to show: of those that all methods have, or else that most have.

    Args:
        run: the run.
        choice: what to show.
        by: a metric, or empty.
        methods_of: by image, the methods that have a picture of it.

    Raises:
        UserError: no such image, metric or method.
    """
    if by:
        _known("metric", [by], run.metrics)
    methods = [name for name in run.methods if any(name in names for names in methods_of.values())]
    of = choice.of or (methods[0] if methods else "")
    if of:
        _known("method", [of], run.methods)
    if choice.images:
        return _named(run, choice.images, list(methods_of))
    ids = [image for image, names in methods_of.items() if len(names) == len(methods)]
    if len(ids) < min(choice.count, len(methods_of)):
        if choice.how == "spread":
            return most_shared(methods_of, choice.count)
        ids = [image for image, names in methods_of.items() if of in names]
    scored = run.scores[run.scores["image"].isin(ids)]
    higher = run.metric(by).direction != "lower"
    rows = choose_rows(scored, by, of, choice.count, None, higher, choice.how, choice.seed)
    return rows or list(ids)[: choice.count]  # nothing has scores


def _named(run: RunData, images: Sequence[str], ids: Sequence[str]) -> list[str]:
    """The images the user named.

    Raises:
        UserError: there is no such image, or its pictures were not kept.
    """
    if unknown := [image for image in images if image not in ids]:
        if set(unknown) <= set(run.scores["image"]):
            kept = "`fsrbench run --save-images` keeps the pictures of all"
            raise UserError(f"no picture of image {', '.join(unknown)} was kept; {kept}")
        raise UserError(f"no image {', '.join(unknown)} to show")
    return list(images)


def _pictures(folder: PictureFolder, index: Index, row: str, images: Sequence[str]) -> list[Picture | None]:
    missing = index.rows[row].missing
    return [None if i in missing else np.asarray(Image.open(folder.file(row, i)).convert("RGB")) for i in images]


def _captions(run: RunData, info: MetricInfo, method: str, rows: Sequence[str]) -> list[str]:
    scores = run.per_image(info.name)
    if method not in scores:
        return [""] * len(rows)
    texts = [info.text(scores[method].get(image, float("nan"))) for image in rows]
    return [f"{text} {info.unit}" if info.unit in WITH_UNIT else f"{info.heading} {text}" for text in texts]


def _first_scored(run: RunData) -> str:
    scored = set(run.scores["metric"])
    ranked = (metric for metric in run.metrics if run.metric(metric).direction != "none")
    return next((metric for metric in (*BY, *ranked) if metric in scored), "")


def _known(kind: str, names: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in names:
        if name not in known:
            raise UserError(f"no {kind} {name} to show; there are {', '.join(known)}")
    return list(names)
