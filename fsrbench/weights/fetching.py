"""Weight files that are downloaded: on request, or when a run needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fsrbench.errors import Unavailable
from fsrbench.weights.known import known_files
from fsrbench.weights.lookup import cache, find, how_to_get

if TYPE_CHECKING:
    from fsrbench.machine.console import Reporter

MAX_AUTOMATIC: Final = 200 * 10**6
"""Largest file, in bytes, that a run downloads by itself; larger ones need `fsrbench weights fetch`."""


def fetch(name: str, reporter: Reporter | None = None, max_bytes: int | None = None) -> Path:
    """Download a weight file to the cache, check its sha256 and return its path.

    Args:
        name: of the weight file.
        reporter: shows what is fetched, and the progress; standard error by default.
        max_bytes: a larger file is rejected, with the advice to fetch it by `fsrbench weights fetch`.

    Raises:
        Unavailable: it has no URL and is not on this machine, or the download failed.
    """
    from fsrbench.machine.console import Reporter
    from fsrbench.weights.download import DownloadFailed, download

    weight = known_files()[name]
    if weight.url is None:
        return find(name)
    try:
        download(weight.url, weight.sha256, cache() / weight.file, reporter or Reporter(), max_bytes)
    except DownloadFailed as error:
        reason = f"{weight.file} could not be fetched: {error}"
        how = how_to_get(weight, fetch=max_bytes is not None)  # without a limit, that command is what has failed
        raise Unavailable(f"{reason}; {how}", missing=name) from error
    return cache() / weight.file


class _Fetching:
    """Downloads of one run: each is tried once, and none after a host that did not answer."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._failed: dict[str, Unavailable] = {}
        self._unreachable = ""

    def get(self, name: str) -> Path:
        from fsrbench.weights.download import Unreachable

        if name in self._failed:
            raise self._failed[name]
        try:
            if self._unreachable:
                weight = known_files()[name]
                reason = f"{weight.file} was not fetched: {self._unreachable}"
                raise Unavailable(f"{reason}; {how_to_get(weight)}", missing=name)
            return fetch(name, self._reporter, MAX_AUTOMATIC)
        except Unavailable as error:
            self._failed[name] = error
            if isinstance(error.__cause__, Unreachable):
                self._unreachable = str(error.__cause__)
            raise


_fetching: _Fetching | None = None


@contextmanager
def fetched_when_needed(reporter: Reporter | None) -> Iterator[None]:
    """Inside, :func:`need` downloads missing files, unless ``reporter`` is ``None``.

    An inner block does not retry downloads that failed in the outer one.
    """
    global _fetching
    before = _fetching
    _fetching = (before or _Fetching(reporter)) if reporter else None
    try:
        yield
    finally:
        _fetching = before


def need(name: str) -> Path:
    """As :func:`find`; inside :func:`fetched_when_needed` a missing file with a URL and a sha256 is downloaded.

    Raises:
        Unavailable: it is not found and cannot be downloaded; the message says how to get it.
    """
    try:
        return find(name)
    except Unavailable:
        if _fetching is None or known_files()[name].url is None or known_files()[name].sha256 is None:
            raise
        return _fetching.get(name)
