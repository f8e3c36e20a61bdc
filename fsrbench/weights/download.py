"""Downloads that do not hang: they give up on a server that sends nothing for some seconds."""

from __future__ import annotations

import logging
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fsrbench.errors import FsrbenchError, one_line
from fsrbench.machine.console import Reporter

PATIENCE: Final = 5.0
"""Seconds without a byte after which a download is given up."""
CHUNK: Final = 2**14
MIB: Final = 2**20
MB: Final = 10**6


class DownloadFailed(FsrbenchError):
    """A file could not be downloaded; the message says why."""


class Unreachable(DownloadFailed):
    """The server did not answer; other files are unlikely to fare better."""


@contextmanager
def patient_sockets() -> Iterator[None]:
    """Inside, downloads by libraries that set no timeout of their own give up as soon as ours."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def download(url: str, sha256: str | None, path: Path, reporter: Reporter, max_bytes: int | None = None) -> None:
    """Download a file to ``path`` and check its sha256; an existing file with that sha256 is kept.

    Args:
        url: of the file.
        sha256: expected; ``None`` if unknown.
        path: where to write it; its folder is created.
        reporter: shows what is fetched, and the progress.
        max_bytes: a larger file is rejected.

    Raises:
        DownloadFailed: not found, too large, another sha256, or no answer.
    """
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # it would print the URL and the folder

    def fetch(url: str, part: str, _: Any) -> None:
        with Path(part).open("wb") as file:
            for chunk in _watched(url, path.name, reporter, max_bytes):
                file.write(chunk)

    known = f"sha256:{sha256}" if sha256 else None
    try:
        pooch.retrieve(url, known_hash=known, fname=path.name, path=path.parent, downloader=fetch)
    except DownloadFailed:
        raise
    except Exception as error:  # pooch and the system each raise their own
        raise DownloadFailed(one_line(error)) from error


def _watched(url: str, name: str, reporter: Reporter, max_bytes: int | None) -> Iterator[bytes]:
    """The file in pieces; its name and size are reported, and the progress of a large one by MiB."""
    host = urlsplit(url).netloc
    received = _start(url)
    size = _next(received, host)
    _check_size(max_bytes, size)
    reporter.say(f"fetching {name} ({f'{size / MB:.2g}' if size else 'unknown'} MB) from {host}")
    total, pieces = 0, iter(lambda: _next(received, host), None)

    def by_mib() -> Iterator[list[bytes]]:
        nonlocal total
        kept: list[bytes] = []
        for piece in pieces:
            total += len(piece)
            _check_size(max_bytes, total)
            kept.append(piece)
            if total // MIB > (total - len(piece)) // MIB:
                yield kept
                kept = []
        yield kept

    large = size is not None and size > MIB
    for kept in reporter.track(by_mib(), size // MIB + 1, f"{name}, MiB") if large and size else by_mib():
        yield from kept


def _check_size(max_bytes: int | None, size: int | None) -> None:
    if max_bytes is not None and size is not None and size > max_bytes:
        raise DownloadFailed(f"larger than {max_bytes / MB:.0f} MB")


def _start(url: str) -> queue.Queue[Any]:
    """Download in a thread, which may hang where no timeout applies: in a DNS lookup, or byte by byte.

    Returns:
        Queue of the size (``None`` if unknown), the pieces and ``None``; an exception may come at any time.
    """
    received: queue.Queue[Any] = queue.Queue(maxsize=64)
    threading.Thread(target=_receive, args=(url, received.put), daemon=True).start()
    return received


def _receive(url: str, put: Callable[[Any], None]) -> None:
    import requests

    try:
        # With identity encoding Content-Length is the file's size
        headers = {"Accept-Encoding": "identity"}
        with requests.get(url, stream=True, timeout=PATIENCE, headers=headers) as answer:
            answer.raise_for_status()
            length = answer.headers.get("Content-Length", "")
            put(int(length) if length.isdecimal() else None)
            for piece in answer.iter_content(CHUNK):
                put(piece)
        put(None)
    except (requests.ConnectionError, requests.Timeout) as error:
        put(Unreachable(f"no connection to {urlsplit(url).netloc} ({_cause(error)})"))
    except Exception as error:  # requests and urllib3 raise many types
        put(DownloadFailed(one_line(error)))


def _cause(error: BaseException) -> str:
    """The innermost error: requests wraps the system's in two of its own."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return one_line(error)


def _next(received: queue.Queue[Any], host: str) -> Any:
    try:
        found = received.get(timeout=PATIENCE)
    except queue.Empty:
        raise Unreachable(f"{host} sent nothing for {PATIENCE:g} s") from None
    if isinstance(found, Exception):
        raise found
    return found
