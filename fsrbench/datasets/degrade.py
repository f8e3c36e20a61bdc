"""``fsrbench data degrade``: write HR and LR as a run would make them, as PNG for other tools."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image

from fsrbench.datasets import Dataset, open_dataset, prepared
from fsrbench.datasets.base import DATASETS
from fsrbench.datasets.inputs import TRANSPARENT, Inputs, prepare, transparency_warning
from fsrbench.datasets.landmarks import LANDMARKS, POINTS
from fsrbench.degradations.base import Degradation
from fsrbench.degradations.recipes import check_task, find_degradation
from fsrbench.errors import UserError
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.files.labels import GROUPS, label_rows
from fsrbench.machine.console import Reporter
from fsrbench.pictures.decode import decode, in_centre_square
from fsrbench.provenance.versions import __version__
from fsrbench.tasks import Task, find_task

DRAWN: Final = "degraded.csv"
BATCH: Final = 64


@dataclass(frozen=True)
class Request:
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


def make_request(source: str, destination: str, degradation: str, task: str, seed: int, limit: int | None) -> Request:
    """Check the user's choices.

    Raises:
        UserError: unknown names, a degradation that does not suit the task, or data with LR of its own.
    """
    size = find_task(task)
    data, how = open_dataset(source).head(limit), find_degradation(degradation)
    check_task(how, size)
    if any(sample.lr for sample in data):
        raise UserError(f"{data.name} has LR pictures of its own; only HR is degraded")
    folder = prepared.resolve(destination)
    origin = (prepared.find(source) or Path(source)).resolve()
    if source not in DATASETS and (folder.resolve().is_relative_to(origin) or origin.is_relative_to(folder.resolve())):
        raise UserError(f"one of {folder} and {source} is inside the other; choose another destination")
    return Request(data, folder, how, size, seed)


def degrade(request: Request, resume: bool, reporter: Reporter) -> dict[str, Any]:
    """Write the pictures and return the manifest.

    Raises:
        UserError: nothing usable in the data, or the folder holds other files.
        CannotWrite: the disk is full.
    """
    for line in request.data.warnings:
        reporter.warn(line)
    with prepared.locked(request.folder, request.settings, {sample.id for sample in request.data}, resume, reporter):
        head = {
            "made_by": f"fsrbench {__version__} data degrade",
            "title": request.data.name,
            "settings": request.settings,
        }
        prepared.write_manifest(request.folder, head | {"complete": False, "files": [DRAWN, LANDMARKS, GROUPS]})
        drawn: dict[str, dict[str, Any]] = {}
        problems: dict[str, str] = {}
        transparent: list[str] = []
        for inputs in _batches(request, reporter):
            _write(request.folder, inputs)
            drawn |= inputs.degraded
            problems |= inputs.problems
            transparent += [image for image, note in inputs.notes.items() if TRANSPARENT in note]
        if not drawn:
            image, reason = next(iter(problems.items()))
            raise UserError(f"no image can be used ({len(problems)} left out); {image}: {reason}")
        for side in prepared.SIDES:
            prepared.tidy(request.folder, side, drawn)
        _write_drawn(request.folder / DRAWN, drawn)
        _write_landmarks(request, drawn)
        _write_groups(request, drawn)
        for image, reason in problems.items():
            reporter.warn(f"{image} left out: {reason}")
        if line := transparency_warning(transparent):
            reporter.warn(line)
        manifest = head | {"complete": True, "left_out": problems, "files": [DRAWN, LANDMARKS, GROUPS]}
        manifest["counts"] = {"pictures": len(drawn), "left_out": len(problems)}
        prepared.write_manifest(request.folder, manifest)
    return manifest


def _batches(request: Request, reporter: Reporter) -> Iterator[Inputs]:
    samples = request.data.samples
    starts = range(0, len(samples), BATCH)
    for start in reporter.track(starts, len(starts), f"degrading, {BATCH} at a time"):
        yield prepare(samples[start : start + BATCH], request.task, request.degradation, request.seed)


def _write(folder: Path, inputs: Inputs) -> None:
    assert inputs.hr is not None
    for side, pictures in (("HR", inputs.hr), ("LR", inputs.lr)):
        for image, pixels in zip(inputs.ids, pictures, strict=True):
            path = folder / side / f"{image}.png"
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole(path) as part:
                    Image.fromarray(pixels).save(part, "PNG")


def _write_drawn(path: Path, drawn: dict[str, dict[str, Any]]) -> None:
    """Parameters of the degradation, one row per image."""
    names = list(dict.fromkeys(name for parameters in drawn.values() for name in parameters))
    rows = [[image, *(parameters.get(name, "") for name in names)] for image, parameters in drawn.items()]
    prepared.write_csv(path, ["image", *names], rows)


def _write_landmarks(request: Request, drawn: dict[str, dict[str, Any]]) -> None:
    """Landmarks in pixels of the reduced HR pictures."""
    path, rows = request.folder / LANDMARKS, []
    for sample in request.data:
        if sample.landmarks is not None and sample.hr and sample.id in drawn:
            shares = in_centre_square(sample.landmarks, decode(sample.hr.read()).size)
            points = shares * request.task.hr_size - 0.5
            rows.append([sample.id, *points.round(4).ravel().tolist()])
    path.unlink(missing_ok=True)
    if rows:
        prepared.write_csv(path, ["image", *(f"{axis}{k}" for k in range(POINTS) for axis in "xy")], rows)


def _write_groups(request: Request, drawn: Collection[str]) -> None:
    """Write the labels of the pictures, if the data has any."""
    path = request.folder / GROUPS
    path.unlink(missing_ok=True)
    heading, rows = label_rows(request.data.labels, drawn)
    if rows:
        prepared.write_csv(path, heading, rows)
