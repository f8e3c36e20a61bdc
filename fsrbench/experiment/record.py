"""``experiment.json``: an experiment's runs and tables, where they are and how they ended."""

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
"""``failed``: some method or metric failed, the rest is there. ``stopped``: no result, and the note says why."""


@dataclass
class Entry:
    """The state of a run or a table."""

    status: Status = "waiting"
    note: str = ""
    """Why it is not ``ok``."""
    files: list[str] = field(default_factory=list)
    """A run's folder or a table's files, relative to the experiment's folder."""

    @property
    def done(self) -> bool:
        """Whether there is a result to show."""
        return self.status in ("ok", "failed")


class Record:
    """State of an experiment, written after every change.

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
        """Write ``experiment.json``.

        Raises:
            CannotWrite: the disk is full or read-only.
        """
        file = self._experiment.file
        content = {
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
            text = json.dumps(content, indent=1, ensure_ascii=False)
            part.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
