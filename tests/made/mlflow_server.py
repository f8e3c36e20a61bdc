"""MLflow's tracking server on SQLite, as ``mlflow server`` serves it but in one process, which starts sooner.

Called as a program: ``python mlflow_server.py PORT FOLDER``.
"""

from __future__ import annotations

import os
import socket
import subprocess
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
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, __file__, str(port), str(folder)]
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "DO_NOT_TRACK": "1"})
    try:
        deadline = time.monotonic() + STARTS
        while not _answers(address):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "MLflow's server did not start"
            time.sleep(0.05)
        yield address
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _serve(port: int, folder: Path) -> None:
    from mlflow.server import constants as names

    os.environ[names.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{folder}/mlflow.db"
    os.environ[names.REGISTRY_STORE_URI_ENV_VAR] = f"sqlite:///{folder}/mlflow.db"
    os.environ[names.ARTIFACT_ROOT_ENV_VAR] = "mlflow-artifacts:/"
    os.environ[names.ARTIFACTS_DESTINATION_ENV_VAR] = str(folder / "artifacts")
    os.environ[names.SERVE_ARTIFACTS_ENV_VAR] = "true"
    from mlflow.server import app
    from werkzeug.serving import run_simple

    run_simple("127.0.0.1", port, app, threaded=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]))
