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

MOST_UNASKED: Final = 200 * 10**6
"""Bytes of a file that a run downloads without being asked to; larger ones wait for `fsrbench weights fetch`."""


def fetch(name: str, reporter: Reporter | None = None, most: int | None = None) -> Path:
    """Download a weight file to the cache, check its sha256 and return its path.

    Args:
        name: of the weight file.
        reporter: told what is fetched and how far it is; standard error by default.
        most: bytes; a larger file is refused.

    Raises:
        Unavailable: it has no address, or the download failed.
    """
    from fsrbench.machine.console import Reporter
    from fsrbench.weights.download import DownloadFailed, download

    weight = known_files()[name]
    if weight.url is None:
        return find(name)
    try:
        download(weight.url, weight.sha256, cache() / weight.file, reporter or Reporter(), most)
    except DownloadFailed as error:
        reason = f"{weight.file} could not be fetched: {error}"
        raise Unavailable(f"{reason}; {how_to_get(weight)}", missing=name) from error
    return cache() / weight.file


class _Fetching:
    """Downloads of one run, each tried once; none after a host that did not answer."""

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
            return fetch(name, self._reporter, MOST_UNASKED)
        except Unavailable as error:
            self._failed[name] = error
            if isinstance(error.__cause__, Unreachable):
                self._unreachable = str(error.__cause__)
            raise


_fetching: _Fetching | None = None


@contextmanager
def fetched_when_needed(reporter: Reporter | None) -> Iterator[None]:
    """Inside, :func:`need` downloads what is missing; not with ``None``.

    A block inside another tries nothing again that failed in the outer one.
    """
    global _fetching
    before = _fetching
    _fetching = (before or _Fetching(reporter)) if reporter else None
    try:
        yield
    finally:
        _fetching = before


def need(name: str) -> Path:
    """As :func:`find`; inside :func:`fetched_when_needed` a file with an address and a sha256 is downloaded first.

    Raises:
        Unavailable: it is nowhere and cannot be downloaded; the message says how to get it.
    """
    try:
        return find(name)
    except Unavailable:
        if _fetching is None or known_files()[name].url is None or known_files()[name].sha256 is None:
            raise
        return _fetching.get(name)
