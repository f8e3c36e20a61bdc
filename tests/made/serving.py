"""Servers on this machine, for tests of what is fetched."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any


class Server(http.server.ThreadingHTTPServer):
    """One that says nothing of clients that hang up: its traceback would stand among what they print."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Gives a folder's files and prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server whose requests ``handler`` answers."""
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def folder_served(folder: Path) -> AbstractContextManager[str]:
    """The address of a server that gives the files of a folder."""
    return served(functools.partial(Quiet, directory=str(folder)))
