"""Log finished runs: :func:`log`, also for ``fsrbench run --log``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from fsrbench.errors import FsrbenchError, UserError, counted, one_line, unknown_name
from fsrbench.files.lists import names_in
from fsrbench.machine.console import Reporter
from fsrbench.machine.offline import no_connections
from fsrbench.registry import load_object
from fsrbench.runs.data import RunData
from fsrbench.trackers.base import NotLogged, Tracker

if TYPE_CHECKING:
    from fsrbench.trackers.record import Record

TrackerName: TypeAlias = Literal["mlflow", "wandb", "tensorboard"]
TRACKERS: Final = {
    "mlflow": "fsrbench.trackers.to_mlflow:Mlflow",
    "wandb": "fsrbench.trackers.to_wandb:Wandb",
    "tensorboard": "fsrbench.trackers.to_tensorboard:TensorBoard",
}


@dataclass(frozen=True)
class Logged:
    """The result of logging a run to one tracker."""

    tracker: str
    place: str
    runs: int
    """Runs that were added there; 0 if it was logged before."""

    def __str__(self) -> str:
        if not self.runs:
            return f"{self.tracker}: logged before, nothing changed: {self.place}"
        return f"{self.tracker}: {counted(self.runs, 'run')} logged: {self.place}"


def log(run: RunData | str | Path, to: TrackerName | Sequence[TrackerName], *, offline: bool = False) -> list[Logged]:
    """Log a finished run to experiment trackers: an overview and one run there for each method.

    Each method's run has parameters (settings, data, weights), metrics with intervals (``psnr``, ``psnr.ci_low``,
    ``psnr.ci_high``, ``psnr.n``), the scores of each image as a table and some pictures; the overview has the tables,
    the grid, the plots and the HTML page. A run that is there already, by the hash of its content, is not logged again.

    Where runs go is set as usual for each tracker: ``MLFLOW_TRACKING_URI`` and ``MLFLOW_EXPERIMENT_NAME``,
    ``WANDB_PROJECT``, ``WANDB_ENTITY`` and ``WANDB_MODE``, ``TENSORBOARD_LOGGING_DIR`` (``runs/tensorboard`` by
    default). Experiment and project are called ``fsrbench`` by default.

    Args:
        run: the run, or its folder.
        to: one or several of ``mlflow``, ``wandb`` and ``tensorboard``; each an extra of fsrbench.
        offline: refuse connections to other machines.

    Returns:
        The result for each tracker.

    Raises:
        UserError: no such tracker or run, a package is not installed, or a server cannot be reached.
        FsrbenchError: a tracker could not log it.

    Example:
        >>> import os, tempfile, fsrbench
        >>> run = fsrbench.evaluate(["bicubic"], metrics=["psnr"], limit=2, progress=False)
        >>> os.environ["TENSORBOARD_LOGGING_DIR"] = tempfile.mkdtemp()
        >>> [first] = log(run, to="tensorboard")
        >>> [again] = log(run, to="tensorboard")
        >>> first.runs, again.runs
        (2, 0)
    """
    trackers = find_trackers([to] if isinstance(to, str) else to, offline)
    record = _described(run if isinstance(run, RunData) else RunData.load(Path(run)))
    return [_log(tracker, record) for tracker in trackers]


def find_trackers(names: Sequence[str], offline: bool = False) -> list[Tracker]:
    """The trackers of these names, checked and ready.

    Raises:
        UserError: no such tracker, its package is not installed, or its server cannot be reached.
    """
    if not names:
        raise UserError(f"--log: name at least one of {', '.join(TRACKERS)}")
    found = []
    for name in dict.fromkeys(names):
        if name not in TRACKERS:
            raise UserError(f"--log: {unknown_name('tracker', name, TRACKERS)}")
        tracker: Tracker = load_object(TRACKERS[name], f"tracker {name}")(offline)
        with _connections(offline), _prefixed(name, UserError):
            tracker.check()
        found.append(tracker)
    return found


class RunLogger:
    """Logs run after run; one that cannot be logged stops neither the command nor its other runs.

    Args:
        names: of trackers, separated by commas; none for no logging.
        offline: whether connections to other machines are refused.

    Raises:
        UserError: see :func:`find_trackers`.
    """

    def __init__(self, names: str | None, offline: bool) -> None:
        self._trackers = [] if names is None else find_trackers(names_in(names), offline)
        self._reporter = Reporter()
        self.problems: list[str] = []
        """Why runs were not logged."""

    def __call__(self, run: RunData) -> None:
        """Log a finished run and say where it is."""
        record = _described(run) if self._trackers else None
        for tracker in self._trackers:
            assert record is not None
            try:
                self._reporter.say(str(_log(tracker, record)))
            except FsrbenchError as error:
                self.problems.append(f"{error}; the run is in {run.path}, and the same command logs it again")

    def raise_problems(self) -> None:
        """Raise an error if runs were not logged.

        Raises:
            NotLogged: some run was not logged; the message says why.
        """
        if self.problems:
            raise NotLogged("\n".join(self.problems))


def _described(run: RunData) -> Record:
    from fsrbench.trackers.record import describe  # imports page and tables, which other runs do not need

    return describe(run)


def _log(tracker: Tracker, record: Record) -> Logged:
    with _connections(tracker.offline), _prefixed(tracker.name, NotLogged):
        if tracker.holds(record):
            return Logged(tracker.name, tracker.place(), 0)
        tracker.upload(record)
        return Logged(tracker.name, tracker.place(), len(record.entries))


def _connections(offline: bool) -> AbstractContextManager[None]:
    return no_connections() if offline else nullcontext()


@contextmanager
def _prefixed(tracker: str, kind: type[FsrbenchError]) -> Iterator[None]:
    """Turn what a tracker's library raises into one line that names it."""
    try:
        yield
    except FsrbenchError as error:
        raise kind(f"{tracker}: {error}") from None
    except Exception as error:  # libraries raise their own
        raise kind(f"{tracker}: {one_line(error)}") from error
