"""Pages in Chromium that are watched: what they complain about, and what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

WINDOW = {"width": 1280, "height": 800}
"""A desktop's, in CSS pixels."""


@contextmanager
def tab(browser: Any) -> Iterator[Any]:
    """A page for many tests: to make one takes three times as long as to load another address in it."""
    context = browser.new_context(viewport=WINDOW)
    yield context.new_page()
    context.close()


@contextmanager
def watched(page: Any, address: str, free: Sequence[str] = ("data:",), asks: Sequence[str] = ()) -> Iterator[Any]:
    """Open an address; at the end the page has complained about nothing and asked for nothing else.

    Args:
        page: Playwright's; it is left empty.
        address: what is opened.
        free: beginnings of addresses that may be asked for.
        asks: all other addresses that must have been asked for, in their order.
    """
    said: list[str] = []
    asked: list[str] = []
    listeners = {
        "console": lambda message: said.append(message.text),
        "pageerror": lambda error: said.append(str(error)),
        "request": lambda request: asked.append(request.url),
    }
    page.set_viewport_size(WINDOW)
    page.emulate_media(media="screen", reduced_motion="reduce")
    for event, listener in listeners.items():
        page.on(event, listener)
    page.goto(address)
    yield page
    if not page.is_closed():
        page.goto("about:blank")
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    assert said == []
    assert [url for url in asked if not url.startswith((*free, "about:"))] == list(asks)
