"""Keep pictures of a finished run: LR, SR and HR as PNG, and the grid."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final

from fsrbench.engine.plan import Shard
from fsrbench.engine.prepare import Prepared
from fsrbench.engine.run_pictures import RunPictures
from fsrbench.engine.store import key_of
from fsrbench.gallery import grid
from fsrbench.machine.console import Reporter
from fsrbench.runs.data import RunData
from fsrbench.runs.names import LR
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder
from fsrbench.tasks import Task

MOST_KEPT: Final = 200
"""Images whose pictures every run keeps, besides those of its grid: some MB; the report shows them."""
KEPT_PIXELS: Final = 2**24
"""Most pixels kept per row: of large pictures fewer are kept, such as 64 of 512 px, 20 to 30 MB."""


def most_kept(task: Task) -> int:
    """How many images' pictures a run keeps."""
    return max(1, min(MOST_KEPT, KEPT_PIXELS // task.hr_size**2))


def write_grid(result: RunData) -> None:
    """Draw a finished run's grid from the pictures it kept; if there are none, remove an earlier run's grid."""
    try:
        grid.draw(result, grid.Choice())
    except grid.NoPictures:
        (result.path / grid.FILE).unlink(missing_ok=True)


def keep_pictures(
    run: Prepared,
    pictures: RunPictures,
    folder: PictureFolder,
    reporter: Reporter,
    most: int | None = MOST_KEPT,
    shown: Sequence[str] = (),
) -> None:
    """Keep LR, HR and every method's pictures of the first ``most`` images (or all) and of the grid's images.

    Pictures of an earlier run are kept if they cannot differ, and removed if they do not belong to this one.

    Args:
        run: whose pictures they are.
        pictures: of the run.
        folder: where they are kept.
        reporter: warned of pictures that cannot be written.
        most: how many images; ``None`` for all.
        shown: the images of the run's grid.
    """
    chosen = _choose(run.shown_shards, pictures, most, set(shown))
    images = tuple(image for ids in chosen.values() for image in ids)
    earlier = folder.read_index()
    keys = {
        row: key_of(row=row, shards=[pictures.key(row, shard) for shard in chosen])
        for row in dict.fromkeys([LR, *run.rows(run.methods)])
    }
    stale = [row for row, key in keys.items() if earlier.images != images or not folder.holds(earlier, row, key)]
    missing = _write(stale, pictures, folder, chosen, reporter)
    rows = {row: KeptRow(key, missing[row]) if row in missing else earlier.rows[row] for row, key in keys.items()}
    folder.finish(Index(images, rows, tuple(shown)))


def _choose(
    shards: Sequence[Shard], pictures: RunPictures, most: int | None, shown: Container[str]
) -> dict[Shard, list[str]]:
    """The first usable images and those of the grid, by the shards that hold them, in the dataset's order."""
    chosen: dict[Shard, list[str]] = {}
    usable = 0
    for shard in shards:
        full = most is not None and usable >= most
        if full and not any(sample.id in shown for sample in shard.samples):
            continue
        ids = pictures.ids(shard)
        first = len(ids) if most is None else max(0, most - usable)
        usable += len(ids)
        if found := [image for place, image in enumerate(ids) if place < first or image in shown]:
            chosen[shard] = found
    return chosen


def _write(
    rows: Sequence[str],
    pictures: RunPictures,
    folder: PictureFolder,
    chosen: Mapping[Shard, Sequence[str]],
    reporter: Reporter,
) -> dict[str, dict[str, str]]:
    """Write the chosen pictures of some rows; return, by row, the images without one and the reasons."""
    missing: dict[str, dict[str, str]] = {row: {} for row in rows}
    unwritten: dict[str, dict[str, str]] = {row: {} for row in rows}
    for shard, images in chosen.items():
        for row, made in pictures.read(rows, shard):
            missing[row] |= {image: "not made" for image in images if image not in made}
            problems = folder.write(row, ((image, made[image]) for image in images if image in made))
            missing[row] |= problems
            unwritten[row] |= problems
    for row, problems in unwritten.items():
        if problems:
            image, why = next(iter(problems.items()))
            reporter.warn(f"{len(problems)} pictures of {row} cannot be kept; {image}: {why}")
    return missing
