"""MLflow's own server shows a logged run, and a second upload changes nothing there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made.mlflow_server import mlflow_server
from made.packages import skip_file_without

import fsrbench
from fsrbench import RunData
from fsrbench.errors import FsrbenchError, UserError

skip_file_without("mlflow")
pytestmark = pytest.mark.heavy  # starts a server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps everything."""
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with mlflow_server(folder) as address:
        yield address


@pytest.fixture
def client(address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server, which the environment names."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    from mlflow import MlflowClient

    return MlflowClient(address)


def logged(client: Any, experiment: str = "fsrbench") -> dict[str, Any]:
    """The runs of an experiment by name."""
    found = client.get_experiment_by_name(experiment)
    return {run.info.run_name: run for run in client.search_runs([found.experiment_id])}


def everything(folder: Path) -> tuple[list[str], dict[str, int]]:
    """All that the server keeps: its data base as SQL, and its files with their times."""
    with sqlite3.connect(folder / "mlflow.db") as base:
        rows = list(base.iterdump())
    files = (path for path in (folder / "artifacts").rglob("*") if path.is_file())
    return rows, {str(path): path.stat().st_mtime_ns for path in files}


def test_the_server_shows_runs_metrics_table_and_grid(client: Any, run: RunData, tmp_path: Path) -> None:
    [done] = fsrbench.log(run, to="mlflow")
    assert done.runs == 4
    assert done.place.endswith("experiment fsrbench")
    runs = logged(client)
    [overview] = [name for name in runs if name.startswith("faces-")]
    assert runs.keys() == {overview, "bicubic", "nearest", "hr"}
    assert runs[overview].data.tags["mlflow.note.content"] == (run.path / "table.md").read_text()
    for name in ("bicubic", "nearest"):
        data = runs[name].data
        assert data.tags["mlflow.parentRunId"] == runs[overview].info.run_id
        result = run.result(name, "psnr")
        assert result is not None
        assert data.metrics["psnr"] == result.value
        assert (data.metrics["psnr.ci_low"], data.metrics["psnr.ci_high"]) == (result.ci_low, result.ci_high)
        assert data.params["degradation"] == "bicubic"
        table = json.loads(Path(client.download_artifacts(runs[name].info.run_id, "scores.json", tmp_path)).read_text())
        scores = pd.DataFrame(table["data"], columns=table["columns"]).set_index("image")["psnr"]
        pd.testing.assert_series_equal(scores, run.per_image("psnr")[name], check_names=False)
        pictures = Path(client.download_artifacts(runs[name].info.run_id, "pictures", tmp_path))
        kept = {path.relative_to(pictures).with_suffix("").as_posix() for path in pictures.rglob("*.png")}
        assert kept == set(run.images["image"])
    files = Path(client.download_artifacts(runs[overview].info.run_id, "", tmp_path))
    assert (files / "pictures" / "grid.png").read_bytes() == (run.path / "grid.png").read_bytes()
    assert (files / "table.md").read_text() == (run.path / "table.md").read_text()
    assert "<!doctype html>" in (files / "report.html").read_text()
    assert {each.info.status for each in runs.values()} == {"FINISHED"}


def test_a_second_upload_changes_nothing(client: Any, run: RunData, folder: Path) -> None:
    fsrbench.log(run, to="mlflow")
    before = everything(folder)
    [again] = fsrbench.log(RunData.load(run.path), to="mlflow")
    assert again.runs == 0
    assert "logged before" in str(again)
    assert everything(folder) == before


def test_an_interrupted_upload_is_made_good(
    client: Any, run: RunData, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "interrupted")
    with monkeypatch.context() as broken:
        broken.setattr("mlflow.MlflowClient.log_artifacts", lambda *_: (_ for _ in ()).throw(OSError("cable")))
        with pytest.raises(FsrbenchError, match=r"^mlflow: OSError: cable$"):
            fsrbench.log(run, to="mlflow")
    assert {each.info.status for each in logged(client, "interrupted").values()} == {"RUNNING", "FAILED"}
    [done] = fsrbench.log(run, to="mlflow")
    assert done.runs == 4
    runs = logged(client, "interrupted")
    assert len(runs) == 4
    assert {each.info.status for each in runs.values()} == {"FINISHED"}


def test_no_secret_is_written_or_shown(
    client: Any,
    address: str,
    run: RunData,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "private")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.replace("://", "://someone:p4ssw0rd@"))
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0k3n")
    [done] = fsrbench.log(run, to="mlflow")
    assert address in done.place
    printed = capfd.readouterr()
    assert printed.out == ""
    rows, files = everything(folder)
    texts = [printed.err, *rows, *(Path(path).read_text(errors="replace") for path in files), str(done)]
    assert not [text for text in texts if "p4ssw0rd" in text or "t0k3n" in text]


def test_a_server_that_is_not_there_is_found_at_once(run: RunData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"^mlflow: cannot use http://127.0.0.1:9, experiment fsrbench: "):
        fsrbench.log(run, to="mlflow")


def test_offline_refuses_another_machine(run: RunData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    with pytest.raises(UserError, match=r"--offline forbids a connection to mlflow.example.org"):
        fsrbench.log(run, to="mlflow", offline=True)
