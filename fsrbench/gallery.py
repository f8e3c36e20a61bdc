"""The pictures of a finished run: the grid, and LR, SR and HR as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from fsrbench import grid
from fsrbench.engine.plan import Shard, Unit, make_plan
from fsrbench.engine.run import Run
from fsrbench.engine.store import key_of
from fsrbench.picture_folder import LR, Index, KeptRow, PictureFolder
from fsrbench.reports.data import RunData

MOST_KEPT: Final = 200
"""Images whose pictures every run keeps: some MB, and what a report shows."""


def write_grid(run: Run, result: RunData, out: Path) -> None:
    """The grid of a run that has just been done, from all its images."""
    made = _made(run)
    methods = [m for m in run.methods if made.get(m)]  # one that failed on every image has no picture to show
    ids = [s.id for s in run.dataset if methods and all(s.id in made[m] for m in methods)]
    if not ids:
        out.unlink(missing_ok=True)  # an earlier run's grid
        return
    grid.draw(result, grid.Choice(), methods, ids, partial(_pictures, run), out)


def keep_pictures(run: Run, folder: PictureFolder, most: int | None = MOST_KEPT) -> None:
    """Keep LR, HR and every method's picture of the first ``most`` images, or of all.

    What an earlier run left is written again only where it may differ, and removed where it does not belong.
    """
    shards, images = _first(run, most)
    known = folder.read_index()
    rows: dict[str, KeptRow] = {}
    for row in [LR, *run.rows(run.methods)]:
        key = key_of(row=row, shards=[_key(run, row, shard) for shard in shards])
        if known.images == images and folder.holds(known, row, key):
            rows[row] = known.rows[row]
            continue
        rows[row] = _keep_row(run, folder, row, key, shards, images)
    folder.finish(Index(images, rows))


def _first(run: Run, most: int | None) -> tuple[list[Shard], tuple[str, ...]]:
    """The first usable images, and the shards that hold them."""
    shards: list[Shard] = []
    images: list[str] = []
    for shard in run.shards:
        if most is not None and len(images) >= most:
            break
        shards.append(shard)
        images += run.worker.inputs(shard).ids
    return shards, tuple(images[:most])


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


def _made(run: Run) -> dict[str, set[str]]:
    """The images that each method could do."""
    made: dict[str, set[str]] = {}
    for unit in make_plan(run.shards, run.methods):
        made.setdefault(unit.method, set()).update(_unit_pictures(run, unit))
    return made


def _unit_pictures(run: Run, unit: Unit) -> dict[str, np.ndarray]:
    made, ids = run.worker.pictures(unit), run.worker.inputs(unit.shard).ids
    return {ids[row]: pixels for row, pixels in zip(made.rows, made.pixels, strict=True)}


def _pictures(run: Run, row: str, images: Sequence[str]) -> list[np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for shard in run.shards:
        pictures = _inputs(run, shard) if row == LR else _unit_pictures(run, Unit(shard, row))
        found |= {image: pixels for image, pixels in pictures.items() if image in images}
    return [found[image] for image in images]


def _inputs(run: Run, shard: Shard) -> dict[str, np.ndarray]:
    inputs = run.worker.inputs(shard)
    return dict(zip(inputs.ids, inputs.lr, strict=True))
