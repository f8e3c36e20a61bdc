"""Downloads that do not hang: a server that sends nothing for some seconds is given up, whatever it is waiting for."""

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
    """Nobody answered: other files will hardly fare better."""


@contextmanager
def patient_sockets() -> Iterator[None]:
    """Inside, downloads of other libraries give up as ours do, where they set no limit of their own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def download(url: str, sha256: str | None, path: Path, reporter: Reporter, most: int | None = None) -> None:
    """Download a file, check its sha256 and put it at ``path``; a file that is there and has the sha256 stays.

    Args:
        url: where it is.
        sha256: ``None`` if nobody knows.
        path: its folder is made if needed.
        reporter: told what is fetched, and how far it is.
        most: bytes; a larger file is refused.

    Raises:
        DownloadFailed: not there, too large, another sha256, nobody answers.
    """
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # it would print the URL and the folder

    def fetch(url: str, part: str, _: Any) -> None:
        with Path(part).open("wb") as file:
            for chunk in _watched(url, path.name, reporter, most):
                file.write(chunk)

    known = f"sha256:{sha256}" if sha256 else None
    try:
        pooch.retrieve(url, known_hash=known, fname=path.name, path=path.parent, downloader=fetch)
    except DownloadFailed:
        raise
    except Exception as error:  # pooch and the system each raise their own
        raise DownloadFailed(one_line(error)) from error


def _watched(url: str, name: str, reporter: Reporter, most: int | None) -> Iterator[bytes]:
    """The file in pieces; what it is, and each MiB of a large one, is reported."""
    host = urlsplit(url).netloc
    received = _start(url)
    size = _next(received, host)
    _refuse(most, size)
    reporter.say(f"fetching {name} ({f'{size / MB:.2g}' if size else 'unknown'} MB) from {host}")
    total, pieces = 0, iter(lambda: _next(received, host), None)

    def by_mib() -> Iterator[list[bytes]]:
        nonlocal total
        kept: list[bytes] = []
        for piece in pieces:
            total += len(piece)
            _refuse(most, total)
            kept.append(piece)
            if total // MIB > (total - len(piece)) // MIB:
                yield kept
                kept = []
        yield kept

    large = size is not None and size > MIB
    for kept in reporter.track(by_mib(), size // MIB + 1, f"{name}, MiB") if large and size else by_mib():
        yield from kept


def _refuse(most: int | None, size: int | None) -> None:
    if most is not None and size is not None and size > most:
        raise DownloadFailed(f"larger than {most / MB:.0f} MB")


def _start(url: str) -> queue.Queue[Any]:
    """Download in a thread, which may hang where no timeout reaches: in looking up a name, or byte by byte.

    Returns:
        Gets the size (``None`` if not told), the pieces and ``None``; or, at any time, an exception.
    """
    received: queue.Queue[Any] = queue.Queue(maxsize=64)
    threading.Thread(target=_receive, args=(url, received.put), daemon=True).start()
    return received


def _receive(url: str, put: Callable[[Any], None]) -> None:
    import requests

    try:
        # Identity: the length is then that of the file
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
    """The innermost reason: requests wraps the system's in two of its own."""
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
