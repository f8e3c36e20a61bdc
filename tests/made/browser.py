"""Pages in Chromium that are watched: what they complain about, and what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def watched(page: Any, address: str, free: Sequence[str] = ("data:",), asks: Sequence[str] = ()) -> Iterator[Any]:
    """Open an address; at the end the page has complained about nothing and asked for nothing else.

    Args:
        page: Playwright's; it is closed at the end.
        address: what is opened.
        free: beginnings of addresses that may be asked for.
        asks: all other addresses that must have been asked for, in their order.
    """
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith(tuple(free))] == list(asks)
