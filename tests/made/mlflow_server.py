"""MLflow's tracking server on SQLite, as ``mlflow server`` serves it but in one process that starts sooner.

On Linux it is a fork of the tests' process, which has imported MLflow.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STARTS = 120
"""Seconds that it may take to start, on a machine that has other work."""


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A server with its files in a folder, on a free port of this machine; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    server = context.Process(target=_serve, args=(port, folder), daemon=True)
    server.start()
    try:
        deadline = time.monotonic() + STARTS
        while not _answers(address):
            assert server.is_alive(), (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "MLflow's server did not start"
            time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.join()


def _answers(address: str) -> bool:
    """Whether it answers; the first request for experiments makes the data base, which may take long."""
    try:
        with urllib.request.urlopen(
            f"{address}/api/2.0/mlflow/experiments/search?max_results=1", timeout=STARTS
        ) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _serve(port: int, folder: Path) -> None:
    with (folder / "server.log").open("wb") as log:
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", closefd=False) for stream in (1, 2))
    os.chdir(folder)
    os.environ["DO_NOT_TRACK"] = "1"
    from mlflow.server import constants as names

    os.environ[names.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{folder}/mlflow.db"
    os.environ[names.REGISTRY_STORE_URI_ENV_VAR] = f"sqlite:///{folder}/mlflow.db"
    os.environ[names.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
    os.environ[names.ARTIFACTS_DESTINATION_ENV_VAR] = str(folder / "artifacts")
    os.environ[names.SERVE_ARTIFACTS_ENV_VAR] = "true"
    from mlflow.server import app
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, app, threaded=True)
