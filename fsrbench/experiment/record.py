"""``experiment.json``: which runs an experiment has, where they are and what became of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from fsrbench.experiment.config import Experiment
from fsrbench.experiment.settings import RECORD
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.provenance.versions import __version__

Status = Literal["waiting", "ok", "failed", "stopped"]
"""``failed``: some method or metric did, the rest is there. ``stopped``: there is nothing, the note says why."""


@dataclass
class Entry:
    """A run or a table."""

    status: Status = "waiting"
    note: str = ""
    """Why it is not ``ok``."""
    files: list[str] = field(default_factory=list)
    """Relative to the experiment's folder: of a run its folder, of a table the files."""

    @property
    def done(self) -> bool:
        """Whether there is something to show."""
        return self.status in ("ok", "failed")


class Record:
    """What became of an experiment; on disk after every change.

    Args:
        experiment: the experiment.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self.runs = {run.name: Entry(files=[run.name]) for run in experiment.runs}
        self.tables = {name: Entry() for name in experiment.tables}

    @property
    def failed(self) -> bool:
        """Whether anything is not ``ok``."""
        return any(entry.status != "ok" for entry in (*self.runs.values(), *self.tables.values()))

    def write(self) -> None:
        """Write it.

        Raises:
            CannotWrite: the disk takes no more.
        """
        file = self._experiment.file
        told = {
            "format": "fsrbench-experiment",
            "version": __version__,
            "config": {
                "file": str(file.path),
                "sha256": hashlib.sha256(file.text.encode()).hexdigest(),
                "text": file.text,
                "flags": {name: _plain(value) for name, value in self._experiment.flags.items()},
            },
            "runs": {name: asdict(entry) for name, entry in self.runs.items()},
            "tables": {name: asdict(entry) for name, entry in self.tables.items()},
        }
        path = self._experiment.out / RECORD
        with disk_errors(path), whole(path) as part:
            text = json.dumps(told, indent=1, ensure_ascii=False)
            part.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
