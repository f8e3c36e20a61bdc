from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from made.drifting import enlarge, faces, noisy, window

from fsrbench.drift import as_json
from fsrbench.drift.compare import compare
from fsrbench.drift.history import render

REFERENCE = window(faces(20, seed=0), name="reference")


def checks() -> list[dict[str, object]]:
    found: list[dict[str, object]] = [{"time": "2026-11-30T01:00:00+00:00", "seen": 3, "errors": ["too <few>"]}]
    for hour, spoil in enumerate([lambda p: p, noisy]):
        verdict = compare(window([spoil(lr) for lr in faces(20, seed=hour + 1)], enlarge), REFERENCE)
        dumped = as_json.model(verdict).model_dump(mode="json")
        found.append({"time": f"2026-11-30T0{hour + 2}:00:00+00:00", "seen": 20, "verdict": dumped})
    return found


class Tags(HTMLParser):
    """Whether tags are closed in order; and what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "link", "line", "circle", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("circle", "line", "polyline"):
            assert self.open.pop() == tag


def test_the_page_shows_every_check_and_loads_nothing() -> None:
    page = render(checks(), Path("a<b"), REFERENCE, 200, 20)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert set(tags.loaded) <= {"data:,"}
    assert "a&lt;b" in page
    assert "too &lt;few&gt;" in page
    assert "default-src &#39;none&#39;" in page
    assert "inputs: LR noise" in page
    assert len(re.findall(r"<rect ", page)) == 9  # three parts, three checks
    assert re.search(r'<circle class="moved"', page)


def test_the_page_says_where_a_spread_has_moved() -> None:
    found = checks()
    (noise,) = [
        each
        for each in found[-1]["verdict"]["findings"]  # type: ignore[index]
        if each["measure"] == "lr_noise"
    ]
    noise["spread"] = 1.57
    assert "spread ×1.57" in render(found, Path("camera"), REFERENCE, 200, 20)
    noise["state"] = "holds"
    assert "spread ×1.57" not in render(found, Path("camera"), REFERENCE, 200, 20)
    del noise["spread"]  # a journal of an earlier version
    assert "LR noise" in render(found, Path("camera"), REFERENCE, 200, 20)


def test_a_page_of_no_check_and_of_refusals_alone() -> None:
    assert "not compared" in render([], Path("camera"), REFERENCE, 200, 0)
    assert "too &lt;few&gt;" in render(checks()[:1], Path("camera"), REFERENCE, 200, 3)
