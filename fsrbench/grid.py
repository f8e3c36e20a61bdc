"""Which faces the grid shows, and what stands under them; of a run that goes on or of one that is finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.face_parts import face_parts
from fsrbench.picture_folder import LR, PictureFolder
from fsrbench.reports.choice import How, choose_rows
from fsrbench.reports.data import HR, MetricInfo, RunData
from fsrbench.reports.grids import GridColumn, Picture, draw_grid

BY: Final = ("psnr", "psnr_y", "ssim", "niqe", "niqe_face")
"""Metrics to choose images by; the first that the run has scores of."""
ROWS: Final = 5
WITH_UNIT: Final = ("dB",)
"""Units that say which metric it is; others have the metric's title before the number."""

PicturesOf = Callable[[str, Sequence[str]], list[Picture]]
"""Pictures of a row (a method, ``lr`` or ``hr``) and some images."""


@dataclass(frozen=True)
class Choice:
    """What to show."""

    images: tuple[str, ...] | None = None
    """These; else ``count`` chosen ``how``."""
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


def draw(
    run: RunData, choice: Choice, methods: Sequence[str], ids: Sequence[str], pictures: PicturesOf, out: Path
) -> None:
    """LR, each method and HR side by side, a row an image.

    Args:
        run: what was scored.
        choice: what to show.
        methods: that have pictures.
        ids: images of which all of them have one.
        pictures: gives them.
        out: the PNG file.

    Raises:
        UserError: no such image, metric or method.
    """
    shown = _known("method", choice.methods or methods, methods)
    of, by = choice.of or shown[0], choice.by or _first_scored(run)
    _known("method", [of], methods)
    if by:
        _known("metric", [by], run.metrics)
    scored = run.scores[run.scores["image"].isin(ids)]
    higher = run.metric(by).direction != "lower"
    rows = choose_rows(scored, by, of, choice.count, choice.images, higher, choice.how, choice.seed)
    rows = rows or list(ids)[: choice.count]  # nothing has scores
    columns = [GridColumn("LR", pictures(LR, rows), pixelated=True)]
    has_hr = run.manifest.get("dataset", {}).get("has_hr")
    for name in [*shown, *([HR] if has_hr else [])]:
        captions = _captions(run, run.metric(by), name, rows) if by else ()
        columns.append(GridColumn("HR" if name == HR else name, pictures(name, rows), captions))
    draw_grid(columns, rows, out, parts=face_parts(np.stack(columns[-1].images)) if choice.parts else ())


def draw_again(path: Path, choice: Choice, out: Path) -> None:
    """Draw the grid of a finished run from the pictures that it kept.

    Raises:
        UserError: it kept none, or none of what was asked for.
    """
    run, folder = RunData.load(path), PictureFolder(path / "images")
    index = folder.read_index()
    methods = [name for name in run.methods if name in index.rows]
    wanted = [LR, *(choice.methods or methods)]
    ids = [i for i in index.images if all(i not in index.rows[name].missing for name in wanted if name in index.rows)]
    if not methods or not ids:
        raise UserError(f"{path}: no pictures were kept; `fsrbench run` with the same --out keeps them")

    def pictures(name: str, rows: Sequence[str]) -> list[Picture]:
        return [np.asarray(Image.open(folder.file(name, image)).convert("RGB")) for image in rows]

    draw(run, choice, methods, ids, pictures, out)


def _captions(run: RunData, info: MetricInfo, method: str, rows: Sequence[str]) -> list[str]:
    scores = run.per_image(info.name)
    if method not in scores:
        return [""] * len(rows)
    texts = [info.text(scores[method].get(image, float("nan"))) for image in rows]
    return [f"{text} {info.unit}" if info.unit in WITH_UNIT else f"{info.heading} {text}" for text in texts]


def _first_scored(run: RunData) -> str:
    scored = set(run.scores["metric"])
    return next((metric for metric in BY if metric in scored), "")


def _known(kind: str, names: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in names:
        if name not in known:
            raise UserError(f"no {kind} {name} to show; there are {', '.join(known)}")
    return list(names)
