"""``fsrbench data show``: facts and problems of a dataset, and a sheet of its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from fsrbench.datasets import Dataset, prepared
from fsrbench.datasets.base import Picture, Sample, dataset_hash
from fsrbench.degradations.base import Degradation
from fsrbench.degradations.recipes import check_task
from fsrbench.errors import UserError
from fsrbench.machine.console import Reporter
from fsrbench.pictures.decode import BadImage, centre_square, decode
from fsrbench.tasks import Task, find_task

Rows = list[tuple[str, str]]
SHOWN: Final = 10
"""Broken files listed by name."""
SHEET: Final = (6, 4)
"""Rows of a sheet, and samples in each."""
CELL: Final = 160
"""Pixels of a picture on the sheet."""


@dataclass
class Scan:
    """The result of reading every file."""

    sizes: dict[str, Counter[tuple[int, int]]] = field(default_factory=lambda: {"HR": Counter(), "LR": Counter()})
    broken: list[tuple[str, str]] = field(default_factory=list)


def scan(data: Dataset, reporter: Reporter) -> Scan:
    """Decode every picture."""
    scanned = Scan()
    for sample in reporter.track(data.samples, len(data), "reading"):
        for side, picture in (("HR", sample.hr), ("LR", sample.lr)):
            if picture:
                try:
                    scanned.sizes[side][decode(picture.read()).size] += 1
                except (BadImage, OSError) as error:
                    scanned.broken.append((picture.name, str(error)))
    return scanned


def describe(data: Dataset, scanned: Scan, folder: Path | None) -> Table:
    """A table of facts and problems."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in [*_counts(data, scanned), *_origin(folder), *_problems(data, scanned)]:
        table.add_row(name, Text(value))  # a file's name may look like markup
    return table


def _counts(data: Dataset, scanned: Scan) -> Rows:
    people = Counter(s.identity for s in data if s.identity is not None)
    rows = [("dataset", data.name), ("samples", f"{len(data):,}")]
    for side, sizes in scanned.sizes.items():
        rows.append((side, _sizes(sizes)))
    each = f", {min(people.values())} to {max(people.values())} pictures each" if people else ""
    rows.append(("identities", f"{len(people):,}{each}" if people else "not known"))
    genuine = sum(n * (n - 1) // 2 for n in people.values())
    possible = f"{genuine:,} genuine pairs" if data.has_pairs else "none: two people with two pictures each are needed"
    rows.append(("labelled pairs", possible))
    marked = sum(s.landmarks is not None for s in data)
    rows.append(("landmarks", f"68 points of {marked:,} images" if marked else "none"))
    rows.append(("sha256", dataset_hash(data)))
    return rows


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    if not sizes:
        return "none"
    shown = [f"{count:,} of {width} x {height} px" for (width, height), count in sizes.most_common(3)]
    if len(sizes) <= len(shown):
        return ", ".join(shown)
    sides = [min(size) for size in sizes.elements()]
    return f"{len(sides):,}, shorter side {min(sides)} to {max(sides)} px, median {int(np.median(sides))}"


def _origin(folder: Path | None) -> Rows:
    manifest = prepared.manifest_of(folder) if folder else None
    if manifest is None:
        return []
    settings = ", ".join(f"{k} {v}" for k, v in manifest["settings"].items() if v not in (None, False))
    shown = [("made by", "made_by"), ("from", "title"), ("of", "source"), ("split", "split"), ("crop", "crop")]
    rows = [(name, str(manifest[key])) for name, key in shown if manifest.get(key)] + [("settings", settings)]
    rows += [(name.replace("_", " "), str(count)) for name, count in manifest["counts"].items()]
    return rows + [(name, str(manifest[name])) for name in ("terms", "home") if manifest.get(name)]


def _problems(data: Dataset, scanned: Scan) -> Rows:
    rows = [("warning", line) for line in data.warnings]
    rows.append(("broken files", f"{len(scanned.broken):,}"))
    rows += [("", f"{name[:200]}: {reason}") for name, reason in scanned.broken[:SHOWN]]
    if len(scanned.broken) > SHOWN:
        rows.append(("", f"and {len(scanned.broken) - SHOWN:,} more"))
    return rows


def draw_sheet(data: Dataset, degradation: Degradation | None, task: str, out: Path) -> None:
    """Write a sheet of samples spread over the dataset: HR, LR, or both, with LR made by ``degradation`` if given.

    Raises:
        UserError: unknown task, a degradation that does not suit it, or no usable picture.
    """
    from fsrbench.pictures.grid import GridColumn, draw_grid

    size = find_task(task)
    if degradation:
        check_task(degradation, size)
    rows, across = SHEET
    shown = _usable(data, degradation, size, rows * across)
    if not shown:
        raise UserError(f"no picture of {data.name} can be shown")
    across = min(across, len(shown))
    shown = shown[: len(shown) // across * across]
    columns = []
    for place in range(across):
        for side in shown[0]:
            pictures = [pair[side] for pair in shown[place::across]]
            columns.append(GridColumn(side, pictures, pixelated=side == "LR"))
    draw_grid(columns, [""] * len(columns[0].images), out, cell=CELL)


def _usable(data: Dataset, degradation: Degradation | None, task: Task, most: int) -> list[dict[str, np.ndarray]]:
    shown: list[dict[str, np.ndarray]] = []
    for sample in _spread(data.samples, most):
        try:
            shown.append(_pictures(sample, degradation, task))
        except (BadImage, OSError):
            continue  # the table lists it
    return [pair for pair in shown if pair.keys() == shown[0].keys()]


def _pictures(sample: Sample, degradation: Degradation | None, task: Task) -> dict[str, np.ndarray]:
    def square(picture: Picture) -> np.ndarray:
        return np.asarray(centre_square(decode(picture.read())))

    found = {side: square(p) for side, p in (("LR", sample.lr), ("HR", sample.hr)) if p}
    if degradation and sample.hr and not sample.lr:
        from fsrbench.datasets.inputs import prepare

        inputs = prepare([sample], task, degradation, 0)
        if inputs.hr is None or not inputs.ids:
            raise BadImage(next(iter(inputs.problems.values())))
        found = {"LR": inputs.lr[0], "HR": inputs.hr[0]}
    return found


def _spread(samples: Sequence[Sample], most: int) -> list[Sample]:
    """At most ``most`` samples, evenly spread from the first to the last."""
    places = np.unique(np.linspace(0, len(samples) - 1, min(most, len(samples))).round().astype(int))
    return [samples[place] for place in places]
