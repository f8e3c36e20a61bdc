"""``fsrbench data degrade``: HR and LR pictures as a run would make them, written as PNG for others to use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from fsrbench.datasets import Dataset, made, open_dataset
from fsrbench.datasets.base import DATASETS
from fsrbench.datasets.inputs import Inputs, prepare
from fsrbench.datasets.landmarks import LANDMARKS, POINTS
from fsrbench.degradations.recipes import Degradation, find_degradation
from fsrbench.errors import UserError
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.machine.console import Reporter
from fsrbench.pictures.decode import decode, in_centre_square
from fsrbench.provenance.versions import __version__
from fsrbench.tasks import Task, find_task

DRAWN: Final = "degraded.csv"
BATCH: Final = 64


@dataclass(frozen=True)
class Degraded:
    """One call of ``fsrbench data degrade``, checked."""

    data: Dataset
    folder: Path
    degradation: Degradation
    task: Task
    seed: int

    @property
    def settings(self) -> dict[str, Any]:
        """What every picture depends on, apart from the data."""
        return {"degradation": self.degradation.protocol, "task": self.task.name, "seed": self.seed}


def choose(source: str, destination: str, degradation: str, task: str, seed: int, limit: int | None) -> Degraded:
    """What a user asked for.

    Raises:
        UserError: unknown names, or data with LR of its own.
    """
    size = find_task(task)
    data, how = open_dataset(source).head(limit), find_degradation(degradation)
    if any(sample.lr for sample in data):
        raise UserError(f"{data.name} has LR pictures of its own; only HR is degraded")
    folder = made.place(destination)
    origin = (made.find(source) or Path(source)).resolve()
    if source not in DATASETS and (folder.resolve().is_relative_to(origin) or origin.is_relative_to(folder.resolve())):
        raise UserError(f"{folder} and {source} lie in each other; write to another place")
    return Degraded(data, folder, how, size, seed)


def degrade(asked: Degraded, resume: bool, reporter: Reporter) -> dict[str, Any]:
    """Write the pictures and return the manifest.

    Raises:
        UserError: nothing usable in the data, or the folder holds something else.
        CannotWrite: the disk takes no more.
    """
    for line in asked.data.warnings:
        reporter.warn(line)
    with made.held(asked.folder, asked.settings, {sample.id for sample in asked.data}, resume, reporter):
        head = {"made_by": f"fsrbench {__version__} data degrade", "title": asked.data.name, "settings": asked.settings}
        made.write_manifest(asked.folder, head | {"complete": False, "files": [DRAWN, LANDMARKS]})
        drawn: dict[str, dict[str, Any]] = {}
        problems: dict[str, str] = {}
        for inputs in _batches(asked, reporter):
            _write(asked.folder, inputs)
            drawn |= inputs.degraded
            problems |= inputs.problems
        if not drawn:
            image, reason = next(iter(problems.items()))
            raise UserError(f"none of the {len(problems)} images can be used; {image}: {reason}")
        for side in made.SIDES:
            made.tidy(asked.folder, side, drawn)
        names = list(dict.fromkeys(name for found in drawn.values() for name in found))
        rows = [[image, *(found.get(name, "") for name in names)] for image, found in drawn.items()]
        made.write_csv(asked.folder / DRAWN, ["image", *names], rows)
        _write_landmarks(asked, drawn)
        for image, reason in problems.items():
            reporter.warn(f"{image} left out: {reason}")
        manifest = head | {"complete": True, "left_out": problems, "files": [DRAWN, LANDMARKS]}
        manifest["counts"] = {"pictures": len(drawn), "left_out": len(problems)}
        made.write_manifest(asked.folder, manifest)
    return manifest


def _batches(asked: Degraded, reporter: Reporter) -> Iterator[Inputs]:
    samples = asked.data.samples
    starts = range(0, len(samples), BATCH)
    for start in reporter.track(starts, len(starts), f"degrading, {BATCH} at a time"):
        yield prepare(samples[start : start + BATCH], asked.task, asked.degradation, asked.seed)


def _write(folder: Path, inputs: Inputs) -> None:
    assert inputs.hr is not None
    for side, pictures in (("HR", inputs.hr), ("LR", inputs.lr)):
        for image, pixels in zip(inputs.ids, pictures, strict=True):
            path = folder / side / f"{image}.png"
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole(path) as part:
                    Image.fromarray(pixels).save(part, "PNG")


def _write_landmarks(asked: Degraded, drawn: dict[str, dict[str, Any]]) -> None:
    """Landmarks in pixels of the reduced HR pictures."""
    path, rows = asked.folder / LANDMARKS, []
    for sample in asked.data:
        if sample.landmarks is not None and sample.hr and sample.id in drawn:
            shares = in_centre_square(sample.landmarks, decode(sample.hr.read()).size)
            points = shares * asked.task.hr_size - 0.5
            rows.append([sample.id, *points.round(4).ravel().tolist()])
    path.unlink(missing_ok=True)
    if rows:
        made.write_csv(path, ["image", *(f"{axis}{k}" for k in range(POINTS) for axis in "xy")], rows)
