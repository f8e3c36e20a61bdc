"""The pictures of a finished run: the grid, and LR, SR and HR as PNG."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

import numpy as np

from fsrbench.engine.plan import Shard, Unit
from fsrbench.engine.run import Run
from fsrbench.engine.store import key_of
from fsrbench.gallery import grid
from fsrbench.runs.data import RunData
from fsrbench.runs.names import LR
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder

MOST_KEPT: Final = 200
"""Images whose pictures every run keeps, besides those of its grid: some MB, and what a report shows."""


def write_grid(result: RunData) -> None:
    """Draw a finished run's grid from the pictures that it kept; without any, remove an earlier run's."""
    try:
        grid.draw(result, grid.Choice())
    except grid.NoPictures:
        (result.path / grid.FILE).unlink(missing_ok=True)


def keep_pictures(run: Run, folder: PictureFolder, most: int | None = MOST_KEPT, shown: Sequence[str] = ()) -> None:
    """Keep LR, HR and every method's picture of the first ``most`` images, or of all, and of the grid's.

    What an earlier run left is written again only where it may differ, and removed where it does not belong.

    Args:
        run: whose pictures they are.
        folder: where they are kept.
        most: how many images; ``None`` for all.
        shown: the images of the run's grid.
    """
    shards, images = _wanted(run, most, set(shown))
    known = folder.read_index()
    rows: dict[str, KeptRow] = {}
    for row in [LR, *run.rows(run.methods)]:
        key = key_of(row=row, shards=[_key(run, row, shard) for shard in shards])
        if known.images == images and folder.holds(known, row, key):
            rows[row] = known.rows[row]
            continue
        rows[row] = _keep_row(run, folder, row, key, shards, images)
    folder.finish(Index(images, rows, tuple(shown)))


def _wanted(run: Run, most: int | None, shown: Container[str]) -> tuple[list[Shard], tuple[str, ...]]:
    """The first usable images and those of the grid, in the dataset's order, and the shards that hold them."""
    shards: list[Shard] = []
    images: list[str] = []
    usable = 0
    for shard in run.shards:
        full = most is not None and usable >= most
        if full and not any(sample.id in shown for sample in shard.samples):
            continue
        ids = run.worker.inputs(shard).ids
        first = len(ids) if most is None else max(0, most - usable)
        usable += len(ids)
        chosen = [image for place, image in enumerate(ids) if place < first or image in shown]
        if chosen:
            shards.append(shard)
            images += chosen
    return shards, tuple(images)


def _key(run: Run, row: str, shard: Shard) -> str:
    return run.worker.keys.inputs(shard) if row == LR else run.worker.made_key(Unit(shard, row))


def _keep_row(
    run: Run, folder: PictureFolder, row: str, key: str, shards: Sequence[Shard], images: Sequence[str]
) -> KeptRow:
    wanted = set(images)
    written: set[str] = set()
    problems: dict[str, str] = {}
    for shard in shards:
        pictures = _inputs(run, shard) if row == LR else _unit_pictures(run, Unit(shard, row))
        chosen = {image: pixels for image, pixels in pictures.items() if image in wanted}
        problems |= folder.write(row, chosen.items())
        written |= chosen.keys() - problems.keys()
    if problems:
        image, why = next(iter(problems.items()))
        run.reporter.warn(f"{len(problems)} pictures of {row} cannot be kept; {image}: {why}")
    missing = {image: problems.get(image, "not made") for image in images if image not in written}
    return KeptRow(key, missing)


def _unit_pictures(run: Run, unit: Unit) -> dict[str, np.ndarray]:
    made, ids = run.worker.pictures(unit), run.worker.inputs(unit.shard).ids
    return {ids[row]: pixels for row, pixels in zip(made.rows, made.pixels, strict=True)}


def _inputs(run: Run, shard: Shard) -> dict[str, np.ndarray]:
    inputs = run.worker.inputs(shard)
    return dict(zip(inputs.ids, inputs.lr, strict=True))
