"""Offline: nothing reaches another machine, this machine's own servers still answer, and it ends with the block."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from types import ModuleType
from urllib.request import urlopen

import pytest
import torch
from made import picture_files, run, write_files
from torch import Tensor

from fsrbench.machine.offline import no_connections
from fsrbench.methods.base import Method
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
    name = f"python:{__name__}:Downloader"
    finished = run(data, tmp_path / "run", "--offline", methods=name)
    assert (finished.code, finished.status(name)) == (1, "failed")
    assert "--offline forbids a connection" in finished.note(name)


NOT_LOCAL = [
    "localhost.example.com",
    "localhost.",
    "127.0.0.1.example.com",
    "127.example.com",
    "::1.example.com",
    "::1f00:1",
    "12.7.0.1",
    ELSEWHERE,
    f"::ffff:{ELSEWHERE}",
    "localhost6.example",
]


@pytest.mark.parametrize("host", NOT_LOCAL)
def test_names_that_only_begin_like_this_machine_are_refused(host: str) -> None:
    with no_connections(), socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        for attempt in (
            lambda: socket.getaddrinfo(host, 80),
            lambda: socket.gethostbyname(host),
            lambda: socket.gethostbyname_ex(host),
            lambda: socket.gethostbyaddr(host),
            lambda: socket.getnameinfo((host, 80), 0),
            lambda: tcp.connect((host, 80)),
            lambda: tcp.connect_ex((host.encode(), 80)),
            lambda: udp.sendto(b"x", (host, 53)),
            lambda: udp.sendmsg([b"x"], [], 0, (host, 53)),
        ):
            with pytest.raises(ConnectionRefusedError, match="--offline forbids a connection"):
                attempt()


def test_this_machines_addresses_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, no_connections():
        server.bind(str(tmp_path / "socket"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "socket"))
        left, right = socket.socketpair()
        left.sendmsg([b"x"])
        assert right.recv(1) == b"x"
        left.close()
        right.close()
    with socket.create_server(("", 0)) as server, no_connections():
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "127.4.3.2", "localhost", "LOCALHOST", "0.0.0.0"):
            socket.create_connection((host, port)).close()
        assert socket.getaddrinfo(None, port)


def test_a_cluster_that_is_named_may_be_reached() -> None:
    with no_connections(["scheduler.example"]), pytest.raises(OSError, match=r"(?i)name|resolution|address"):
        socket.getaddrinfo("scheduler.example", None)  # tried, and not known here


def test_hugging_face_is_offline_although_imported_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants, is_offline_mode

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with no_connections():
        assert is_offline_mode()
    assert not is_offline_mode()


def test_hugging_face_is_online_after_it_was_imported_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the library: its flag is read from the environment at import."""
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    monkeypatch.delitem(sys.modules, "huggingface_hub.constants", raising=False)
    with no_connections():
        library = ModuleType("huggingface_hub.constants")
        library.HF_HUB_OFFLINE = bool(os.environ["HF_HUB_OFFLINE"])  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, library.__name__, library)
    assert library.HF_HUB_OFFLINE is False
