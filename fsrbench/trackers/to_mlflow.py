"""MLflow: a run for the overview and, nested in it, one for each method; by its client alone, without global state."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fsrbench.errors import UserError, one_line
from fsrbench.trackers.base import Tracker
from fsrbench.trackers.record import Entry, Record

KEY: Final = "fsrbench.run"
"""Tag with the hash of the run's content."""
METHOD: Final = "fsrbench.method"
NESTED: Final = "mlflow.parentRunId"
"""Tag by which MLflow shows one run below another."""
DESCRIPTION: Final = "mlflow.note.content"
"""Tag that MLflow shows as a run's description, in Markdown."""
LONGEST_TAG: Final = 5000
"""Maximum characters of a tag in MLflow."""
LONGEST: Final = 6000
"""Maximum characters of a parameter in MLflow."""
MOST: Final = 100
"""Maximum parameters or metrics in one request."""
_REFUSED: Final = re.compile(r"[^/\w.\- :]")
"""Characters that names of metrics and parameters may not have."""
_PATIENCE: Final = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""Makes MLflow report a missing server quickly, before the work; by default it retries for minutes."""

_QUIET: Final = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}
"""Standard output is for the table, and the address may contain a password."""


class Mlflow(Tracker):
    """Logs to ``MLFLOW_TRACKING_URI``, in the experiment ``MLFLOW_EXPERIMENT_NAME``."""

    name = package = "mlflow"

    def check(self) -> None:
        """Import MLflow and ask the server for its experiments."""
        self.imported()
        self._refuse_other_machines()
        with _defaults(_PATIENCE):
            try:
                self._client().search_experiments(max_results=1)
            except Exception as error:  # of requests, of SQLAlchemy, of MLflow
                raise UserError(f"cannot use {self.place()}: {one_line(error)[:300]}") from None

    def _refuse_other_machines(self) -> None:
        address = urlsplit(self._uri())
        remote = address.scheme in ("http", "https", "databricks")
        if self.offline and remote and address.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise UserError(f"--offline forbids a connection to {address.hostname or address.scheme}")

    def _uri(self) -> str:
        return str(self.imported().get_tracking_uri())

    def _client(self) -> Any:
        return self.imported().MlflowClient(self._uri())

    def _experiment(self) -> str:
        """The id of the experiment, which is created if it does not exist."""
        if chosen := os.environ.get("MLFLOW_EXPERIMENT_ID"):
            return chosen
        name, client = _experiment_name(), self._client()
        found = client.get_experiment_by_name(name)
        return str(found.experiment_id if found else client.create_experiment(name))

    def place(self) -> str:
        """URI without user and password, and the experiment."""
        uri = re.sub(r"(?<=://)[^/@]*@", "", self._uri())
        return f"{uri}, experiment {os.environ.get('MLFLOW_EXPERIMENT_ID') or _experiment_name()}"

    def holds(self, record: Record) -> bool:
        """Whether there is a finished overview, which is finished last."""
        return any(run.info.status == "FINISHED" and NESTED not in run.data.tags for run in self._found(record))

    def _found(self, record: Record) -> list[Any]:
        """The overview and the methods of a run, of earlier uploads."""
        wanted = f"tags.`{KEY}` = '{record.key}'"
        return list(self._client().search_runs([self._experiment()], wanted, max_results=1000))

    def upload(self, record: Record) -> None:
        """Log the methods nested in the overview, after deleting what an interrupted upload left."""
        client, experiment = self._client(), self._experiment()
        for left in self._found(record):
            client.delete_run(left.info.run_id)
        with _defaults(_QUIET):
            self._log(client, experiment, record)

    def _log(self, client: Any, experiment: str, record: Record) -> None:
        time = int(record.finished.timestamp() * 1000)
        table = record.overview.files["table.md"]
        tags = {KEY: record.key} | ({DESCRIPTION: table} if len(table) <= LONGEST_TAG else {})
        parent = client.create_run(experiment, time, tags, record.group).info.run_id
        try:
            for entry in record.methods:
                tags = {KEY: record.key, METHOD: entry.name, NESTED: parent}
                run = client.create_run(experiment, time, tags, entry.name).info.run_id
                _log_entry(client, run, entry, time)
                client.set_terminated(run, "FINISHED", time)
            _log_entry(client, parent, record.overview, time)
        except BaseException:
            client.set_terminated(parent, "FAILED", time)
            raise
        client.set_terminated(parent, "FINISHED", time)


def _experiment_name() -> str:
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or "fsrbench"


def _log_entry(client: Any, run: str, entry: Entry, time: int) -> None:
    from mlflow.entities import Metric, Param

    parameters = [Param(_named(name), value[:LONGEST]) for name, value in entry.parameters.items()]
    metrics = [Metric(_named(name), value, time, 0) for name, value in entry.metrics.items()]
    for start in range(0, max(len(parameters), len(metrics)), MOST):
        part = slice(start, start + MOST)
        client.log_batch(run, metrics[part], parameters[part])
    for name, table in entry.tables.items():
        client.log_table(run, table, f"{name}.json")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in entry.files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8", errors="replace")
        client.log_artifacts(run, folder)
    for name, picture in entry.pictures.items():
        inside = Path(name).parent.as_posix()
        client.log_artifact(run, str(picture), f"pictures/{inside}" if inside != "." else "pictures")


def _named(name: str) -> str:
    """A name without the characters that MLflow refuses."""
    return _REFUSED.sub("_", name)


@contextmanager
def _defaults(variables: Mapping[str, str]) -> Iterator[None]:
    """Inside, these environment variables are set, unless the user has set them."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
