"""Weights & Biases: a run for the overview and one for each method, in one group."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from fsrbench.errors import UserError
from fsrbench.trackers.base import Tracker
from fsrbench.trackers.record import Entry, Record

PRIVATE: Final = {
    "silent": True,
    "console": "off",
    "save_code": False,
    "disable_code": True,
    "disable_git": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
}
"""Else wandb stores the command line, environment, user, code and console; what matters is among the parameters."""

COMPLETE: Final = "fsrbench-complete"
"""File beside a run's own which marks that all of it was written."""


class Wandb(Tracker):
    """Logs to the project ``WANDB_PROJECT`` of ``WANDB_ENTITY``; with ``WANDB_MODE=offline`` into ``WANDB_DIR``."""

    name = package = "wandb"

    def check(self) -> None:
        """Import wandb, and check that there is a key if it will connect."""
        wandb = self.imported()
        if self._mode() == "disabled":
            raise UserError("WANDB_MODE=disabled: nothing would be logged")
        if self._mode() == "online" and not wandb.Api(timeout=10).api_key:
            raise UserError("no API key; `wandb login`, or WANDB_MODE=offline for files only")

    def _mode(self) -> str:
        chosen = os.environ.get("WANDB_MODE") or "online"
        return "offline" if self.offline or chosen in ("offline", "dryrun") else chosen

    def _folder(self) -> Path:
        return Path(os.environ.get("WANDB_DIR") or ".")

    def place(self) -> str:
        """The project; offline the folder that ``wandb sync`` uploads."""
        if self._mode() == "offline":
            return f"{self._folder() / 'wandb'}, for `wandb sync`"
        return "/".join(filter(None, (os.environ.get("WANDB_ENTITY"), _project())))

    def holds(self, record: Record) -> bool:
        """Whether all its runs are there and finished: in the folder, or on the server."""
        return all(self._has(run_id(record, entry)) for entry in record.entries)

    def _has(self, run: str) -> bool:
        if self._mode() == "offline":
            return any(self._folder().glob(f"wandb/*run-*-{run}/{COMPLETE}"))
        try:
            found = self.imported().Api(timeout=30).run(f"{self._path()}/{run}")
        except (self.imported().errors.CommError, ValueError):  # what wandb raises if there is none
            return False
        return str(found.state) == "finished"

    def _path(self) -> str:
        entity = os.environ.get("WANDB_ENTITY") or self.imported().Api(timeout=30).default_entity
        return f"{entity}/{_project()}"

    def upload(self, record: Record) -> None:
        """Log the missing entries; an unfinished one is continued under its id."""
        wandb = self.imported()
        for entry in record.entries:
            if self._has(run_id(record, entry)):
                continue
            with _process_variables():
                run = wandb.init(
                    project=_project(),
                    entity=os.environ.get("WANDB_ENTITY") or None,
                    id=run_id(record, entry),
                    name=entry.name,
                    group=record.group,
                    job_type="method" if entry in record.methods else "overview",
                    config={**entry.parameters, "fsrbench.run": record.key},
                    dir=str(self._folder()),
                    mode=self._mode(),
                    resume="allow" if self._mode() == "online" else None,
                    reinit="create_new",
                    settings=wandb.Settings(**PRIVATE),
                )
                try:
                    run.log(dict(_content(wandb, entry)))
                except BaseException:
                    run.finish(exit_code=1)
                    raise
                run.finish()
                (Path(run.dir).parent / COMPLETE).touch()


def run_id(record: Record, entry: Entry) -> str:
    """The id of an entry's run: the same whenever the same run is logged."""
    return hashlib.sha256(f"{record.key} {entry.name}".encode()).hexdigest()[:16]


def _project() -> str:
    return os.environ.get("WANDB_PROJECT") or "fsrbench"


def _content(wandb: Any, entry: Entry) -> Iterator[tuple[str, Any]]:
    yield from entry.metrics.items()
    for name, table in entry.tables.items():
        yield name, wandb.Table(dataframe=table)
    for name, picture in entry.pictures.items():
        yield f"pictures/{name}", wandb.Image(str(picture))
    if page := entry.files.get("report.html"):
        yield "report", wandb.Html(page, inject=False)


@contextmanager
def _process_variables() -> Iterator[None]:
    """Restore the environment: wandb leaves variables for its own processes in it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
