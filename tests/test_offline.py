"""Offline: nothing reaches another machine, this machine's own servers still answer, and it ends with the block."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
import torch
from made import picture_files, run, write_files
from torch import Tensor

from fsrbench.methods import Method
from fsrbench.offline import no_connections
from fsrbench.tasks import Task

ELSEWHERE = "192.0.2.1"
"""Reserved for documentation (RFC 5737): nobody answers there."""


@pytest.mark.parametrize("url", ["http://example.invalid/", f"http://{ELSEWHERE}/", f"https://{ELSEWHERE}/"])
def test_other_machines_are_refused_at_once(url: str) -> None:
    with no_connections(), pytest.raises(OSError, match="--offline forbids a connection"):
        urlopen(url, timeout=60)


def test_own_machine_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, no_connections():
        socket.create_connection(server.getsockname()).close()


def test_ends_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    connect, look_up = socket.socket.connect, socket.getaddrinfo
    with no_connections():
        assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert "HF_HUB_OFFLINE" not in os.environ
    assert (socket.socket.connect, socket.getaddrinfo) == (connect, look_up)


class Downloader(Method):
    """Wants weights from elsewhere."""

    def load(self, task: Task, device: torch.device) -> None:
        urlopen(f"http://{ELSEWHERE}/weights", timeout=60)

    def upscale(self, lr: Tensor) -> Tensor:
        raise AssertionError("never loaded")


def test_run_offline_stops_a_method_that_downloads(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    name = "python:test_offline:Downloader"
    finished = run(data, tmp_path / "run", "--offline", methods=name)
    assert (finished.code, finished.status(name)) == (1, "failed")
    assert "--offline forbids a connection" in finished.note(name)
