"""The site in a headless Chromium: from the disk and from a server, by keyboard, on a phone, on paper, and in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.boards import MACHINE, big_board, result, summary, write_bundle, write_verdict
from made.browser import tab, watched
from made.serving import folder_served

from fsrbench.board.command import board_command

pytestmark = pytest.mark.browser

MOST_BYTES = 5_000_000
SLOWEST_PAINT = 1000.0
"""Milliseconds from navigation to the first contentful paint."""
SLOWEST_SORT = 100.0
"""Milliseconds from the click to the next frame."""
TRIES = 5
"""A busy machine is not the page's fault."""
PSNR = {"bicubic": 22.0, "ours": 24.5, "scgan": 23.0}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("board")
    face = np.random.default_rng(0).normal(size=20)
    for i, (name, psnr) in enumerate(PSNR.items()):
        scores = {"psnr": psnr + face - face.mean(), "niqe": 9 - i + face - face.mean()}
        more = [summary("latency_ms", [1.0, 10.0, 30.0][i], ci_low=[0.9, 9.0, 29.0][i], ci_high=[1.1, 11.0, 31.0][i])]
        more += [summary("detection", None, status="unavailable", note="no weights", n=0)] if name == "ours" else []
        one = result(scores, more, machine=MACHINE | ({"device": "NVIDIA H200"} if name == "scgan" else {}))
        file = write_bundle(folder / f"{name}.zip", name, [one])
        if name == "ours":
            write_verdict(file, "recomputed from pictures")
    board_command([folder], folder / "site", ["mine=psnr/50"])
    return folder / "site"


@pytest.fixture(scope="module")
def track(site: Path) -> Path:
    [found] = (site / "tracks").glob("*.html")
    return found


@pytest.fixture(scope="module")
def opened(chromium: Any) -> Iterator[Any]:
    with tab(chromium) as found:
        yield found


@pytest.fixture
def page(opened: Any, track: Path) -> Iterator[Any]:
    """The track's page from the disk; at its end nothing was complained about and nothing asked of a network."""
    with watched(opened, track.as_uri(), free=("file:", "data:")) as found:
        yield found


def methods(page: Any) -> list[str]:
    return page.locator("#table tbody tr:visible th a").all_inner_texts()


def heading(page: Any, title: str) -> Any:
    return page.locator("#table thead button", has_text=title)


def test_the_initial_order_is_by_rank_and_a_click_sorts(page: Any) -> None:
    assert methods(page) == ["ours", "scgan", "bicubic"]
    heading(page, "NIQE").click()
    assert methods(page) == ["scgan", "ours", "bicubic"]
    heading(page, "NIQE").click()
    assert methods(page) == ["bicubic", "ours", "scgan"]
    assert heading(page, "NIQE").locator("xpath=..").get_attribute("aria-sort") == "descending"
    heading(page, "Method").click()
    assert methods(page) == ["ours", "scgan", "bicubic"]


def test_by_keyboard_alone(page: Any) -> None:
    order = []
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent.trim().split(/\\s+/)[0]")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", focused
        order.append(focused)
        if focused == "NIQE":
            page.keyboard.press("Enter")
            break
    assert order[0] == "Skip"
    assert methods(page) == ["scgan", "ours", "bicubic"]
    page.locator("summary").press("Enter")
    page.locator('[data-part="column"]').first.press("Space")
    assert heading(page, "PSNR").is_hidden()


def test_rows_are_found_by_words_and_by_what_was_checked(page: Any) -> None:
    find = page.get_by_label("Find")
    find.fill("CG")
    assert methods(page) == ["scgan"]
    assert page.locator("output").inner_text() == "1 of 3 methods"
    find.fill("author bicubic")
    assert methods(page) == ["bicubic"]
    find.fill("")
    page.get_by_label("Checked").select_option("1")
    assert methods(page) == ["ours"]


def test_a_column_can_be_hidden_and_shown_again(page: Any) -> None:
    page.locator("summary").click()
    box = page.get_by_role("checkbox", name="NIQE")
    before = page.locator("#table tr > :nth-child(3):visible").count()
    box.uncheck()
    assert before == 4
    assert page.locator("#table tr > :nth-child(3):visible").count() == 0
    assert page.locator("#table tr > :nth-child(2):visible").count() == 4
    box.check()
    assert page.locator("#table tr > :nth-child(3):visible").count() == 4


def test_times_of_two_machines_are_two_tables(page: Any) -> None:
    tables = page.locator("#speed table")
    assert tables.count() == 2
    assert sorted(len(tables.nth(i).locator("tbody tr").all()) for i in range(2)) == [1, 2]
    assert page.locator("#speed svg").count() == 2
    assert page.locator("#speed svg .on circle").first.evaluate("e => getComputedStyle(e).fill") != "none"


@pytest.mark.parametrize("where", ["index", "track", "method"])
def test_a_phone_scrolls_tables_and_not_the_page(chromium: Any, site: Path, track: Path, where: str) -> None:
    method = next((site / "methods").glob("ours-*"))
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    found = context.new_page()
    found.goto({"index": site / "index.html", "track": track, "method": method}[where].as_uri())
    assert found.evaluate("document.documentElement.scrollWidth") == 390
    if where == "track":
        first = found.locator("#table tbody th").first
        before = first.bounding_box()["x"]
        found.locator("#results .scroll").evaluate("e => e.scrollLeft = 150")
        assert first.bounding_box()["x"] == pytest.approx(before, abs=1)  # the names stay
    context.close()


def test_on_paper_the_table_is_whole(page: Any) -> None:
    page.set_viewport_size({"width": 1009, "height": 680})  # A4 on its side, less margins
    page.emulate_media(media="print")
    assert page.locator("form.controls").is_hidden()
    assert page.locator("#table").evaluate("e => e.getBoundingClientRect().right") <= 1009
    assert page.locator("#table .places").first.evaluate("e => getComputedStyle(e, '::before').content") == '"("'


def test_without_scripts_everything_is_there(chromium: Any, track: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    found = context.new_page()
    found.goto(track.as_uri())
    assert methods(found) == ["ours", "scgan", "bicubic"]
    assert found.locator("form.controls").is_hidden()
    context.close()


def test_from_a_server_too(chromium: Any, site: Path, track: Path) -> None:
    with folder_served(site) as url:
        context = chromium.new_context()
        found = context.new_page()
        said: list[str] = []
        found.on("console", lambda message: said.append(message.text))
        found.goto(f"{url}/")
        found.locator("#tracks a").first.click()
        found.wait_for_url("**/tracks/*.html")
        heading(found, "NIQE").click()
        assert methods(found) == ["scgan", "ours", "bicubic"]
        found.locator("#table tbody a").first.click()
        found.wait_for_url("**/methods/*.html*")
        assert found.locator("h1").inner_text() == "scgan"
        assert found.locator("h1").evaluate("e => getComputedStyle(e).fontWeight") == "700"  # the style has come
        context.close()
    assert said == []


@pytest.mark.parametrize("tracks", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_thirty_methods_are_small_and_quick(chromium: Any, tmp_path: Path, tracks: int) -> None:
    """Sizes do not depend on the number of images."""
    board_command(big_board(tmp_path / "bundles", tracks=tracks, images=24), tmp_path / "site")
    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES * max(tracks, 3) / 12
    pages = [tmp_path / "site" / "index.html", next((tmp_path / "site" / "tracks").glob("*.html"))]
    pages.append(next((tmp_path / "site" / "methods").glob("*.html")))
    found = chromium.new_page()
    for page in pages:
        assert any(first_paint(found, page) < SLOWEST_PAINT for _ in range(TRIES)), page.parent.name
    found.goto(pages[1].as_uri())
    assert found.locator("#table tbody tr").count() == 30
    assert any(sort_time(found, title) < SLOWEST_SORT for title in ("PSNR", "LPIPS", "FID", "NIQE", "PSNR"))
    found.close()


def first_paint(page: Any, path: Path) -> float:
    """Milliseconds."""
    page.goto(path.as_uri())
    # The page's policy forbids what playwright's wait_for_function does
    return float(
        page.evaluate(
            "() => new Promise(done => new PerformanceObserver(list => {"
            " for (const entry of list.getEntriesByName('first-contentful-paint')) done(entry.startTime);"
            "}).observe({ type: 'paint', buffered: true }))"
        )
    )


def sort_time(page: Any, title: str) -> float:
    """Milliseconds from a click on a heading until rows are laid out and the frame is drawn."""
    return float(
        heading(page, title).first.evaluate(
            "button => new Promise(done => { const start = performance.now(); button.click();"
            " document.body.offsetHeight;"
            " requestAnimationFrame(() => setTimeout(() => done(performance.now() - start))); })"
        )
    )
