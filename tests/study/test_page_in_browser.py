"""The page in a headless Chromium: by keyboard only from the first pair to a scored file, interrupted and continued."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made.browser import watched
from made.pages import blocks

from fsrbench.study.answers import read_answers
from fsrbench.study.raters import check

from .conftest import Study

pytestmark = pytest.mark.browser


@pytest.fixture
def context(chromium: Any) -> Iterator[Any]:
    found = chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    yield found
    found.close()


@pytest.fixture
def page(context: Any, study: Study) -> Iterator[Any]:
    """The page; at the end it must have made no network request and logged no error."""
    address = study.page.as_uri()
    with watched(context.new_page(), address, free=("data:", "blob:"), asks=[address]) as found:
        yield found


def wait_for_pictures(page: Any) -> None:
    """Until then the page takes no answers."""
    waiting = "[...document.querySelectorAll('.stage img')].some(e => e.style.visibility === 'hidden')"
    for _ in range(6000):  # the page's policy forbids what playwright's own waiting needs
        if not page.evaluate(waiting):
            return
        page.wait_for_timeout(5)
    pytest.fail("the pictures are never shown")


def press(page: Any, key: str) -> None:
    """Press a key when the pictures are there."""
    wait_for_pictures(page)
    page.keyboard.press(key)


def begin(page: Any, name: str) -> None:
    page.keyboard.type(name)
    page.keyboard.press("Enter")


def shown(page: Any) -> str:
    return str(page.evaluate("document.querySelector('main:not([hidden])').id"))


def place(page: Any) -> str:
    return str(page.locator('[data-part="place"]').inner_text())


def answer(page: Any, keys: list[str]) -> None:
    """Answer this many pairs, and continue past the introduction of each part."""
    for key in keys:
        if shown(page) == "part":
            page.keyboard.press("Enter")
        press(page, key)


def saved(page: Any, tmp_path: Path) -> Path:
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    file = tmp_path / str(download.value.suggested_filename)
    download.value.save_as(file)
    return file


def test_from_first_to_last_pair_by_keyboard_and_the_file_is_scored(page: Any, study: Study, tmp_path: Path) -> None:
    content = blocks(study.page.read_text())["study"]
    begin(page, "2")
    trials = [number for chunks in content["blocks"][1] for chunk in chunks for number in chunk]
    right = "document.querySelector('[data-part=right]').src"
    keys = {"ArrowLeft": "left", "ArrowRight": "right", " ": "none"}
    expected: list[tuple[str, str]] = []
    for number in range(len(trials)):
        if shown(page) == "part":
            page.keyboard.press("Enter")
        assert place(page) == f"Pair {number + 1} of {len(trials)}"
        key = list(keys)[number % 3]
        expected.append((page.evaluate(right).partition(",")[2], keys[key]))
        press(page, key)
    assert shown(page) == "end"
    file = saved(page, tmp_path)
    found = json.loads(file.read_text())
    assert file.name == f"answers-2-{study.key.study[:8]}.json"
    assert (found["rater"], found["block"], found["complete"]) == ("2", 1, True)
    assert sorted(a["trial"] for a in found["answers"]) == sorted(trials)
    pictures = [content["pictures"][content["trials"][a["trial"]][2]] for a in found["answers"]]
    assert list(zip(pictures, [a["choice"] for a in found["answers"]], strict=True)) == expected
    assert all(0 <= a["ms"] < 60_000 for a in found["answers"])
    answers = read_answers([file], study.key_file)
    assert check(answers.raters[0], study.key).catches == 8
    assert len(answers.table(0, answers.raters)) == 6


def test_a_study_left_in_the_middle_goes_on(context: Any, page: Any, study: Study, tmp_path: Path) -> None:
    begin(page, "Ann")
    answer(page, ["ArrowLeft"] * 5)
    next_pair = page.locator('[data-part="left"]').get_attribute("src")
    page.close()
    again = context.new_page()
    again.goto(study.page.as_uri())
    again.keyboard.type("ann")
    assert again.locator('[data-part="found"]').inner_text() == "Continues after the 5 pairs already answered."
    again.keyboard.press("Enter")
    again.keyboard.press("Enter")  # past the word on this part, where there is one
    if shown(again) == "part":
        again.keyboard.press("Enter")
    assert place(again).startswith("Pair 6 of")
    assert again.locator('[data-part="left"]').get_attribute("src") == next_pair
    press(again, "p")
    assert shown(again) == "paused"
    assert again.locator('[data-part="so-far"]').inner_text().startswith("5 of")
    with again.expect_download() as download:
        again.locator('#paused [data-part="save"]').click()
    half = tmp_path / "half.json"
    download.value.save_as(half)
    assert json.loads(half.read_text())["complete"] is False
    again.close()
    assert len(read_answers([half], study.key_file).raters[0].trial) == 5


def test_continues_from_a_saved_file_in_another_browser(chromium: Any, page: Any, study: Study, tmp_path: Path) -> None:
    begin(page, "Ann")
    answer(page, ["ArrowLeft", "ArrowRight", " "])
    press(page, "p")
    with page.expect_download() as download:
        page.locator('#paused [data-part="save"]').click()
    download.value.save_as(tmp_path / "half.json")
    other = chromium.new_context().new_page()
    other.goto(study.page.as_uri())
    (tmp_path / "other.json").write_text('{"study": "another", "rater": "x", "answers": []}')
    other.locator('[data-part="load"]').set_input_files(tmp_path / "other.json")
    other.get_by_text("other.json is not a file of answers to this study.").wait_for()  # files are read asynchronously
    other.locator('[data-part="load"]').set_input_files(tmp_path / "half.json")
    other.locator("#start").wait_for(state="hidden")
    if shown(other) == "part":
        other.keyboard.press("Enter")
    assert place(other).startswith("Pair 4 of")
    other.context.close()


def test_without_storage_the_page_says_so_and_works(context: Any, study: Study) -> None:
    found = context.new_page()
    found.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('none'); }})")
    found.goto(study.page.as_uri())
    assert "this browser keeps nothing" in found.locator("#start").inner_text()
    begin(found, "1")
    answer(found, ["ArrowLeft", " "])
    press(found, "Escape")
    assert "This browser keeps nothing" in found.locator("#paused").inner_text()


def test_back_changes_the_last_answer(page: Any) -> None:
    begin(page, "1")
    answer(page, ["ArrowLeft", "ArrowLeft"])
    before = page.locator('[data-part="left"]').get_attribute("src")
    press(page, "ArrowUp")
    assert place(page).startswith("Pair 2 of")
    press(page, " ")
    assert place(page).startswith("Pair 3 of")
    assert page.locator('[data-part="left"]').get_attribute("src") == before
    kept = page.evaluate("Object.entries(localStorage).find(([name]) => name.endsWith('/1'))[1]")
    assert [a["choice"] for a in json.loads(kept)["answers"]] == ["left", "none"]


@pytest.mark.parametrize("refuses", ["Promise.reject()", "new Promise(() => {})"])
def test_pictures_are_shown_once_loaded_whenever_the_browser_decodes_them(page: Any, refuses: str) -> None:
    page.evaluate(f"() => {{ HTMLImageElement.prototype.decode = () => {refuses} }}")
    begin(page, "1")
    page.keyboard.press("Enter")
    wait_for_pictures(page)
    widths = "[...document.querySelectorAll('.stage img[src]')].map(e => e.naturalWidth)"
    assert len(page.evaluate(widths)) >= 2
    assert 0 not in page.evaluate(widths)
    page.keyboard.press("ArrowLeft")
    assert place(page).startswith("Pair 2 of")


def test_each_rater_has_an_order_of_their_own_that_stays(chromium: Any, study: Study) -> None:
    context = chromium.new_context()

    def order(name: str) -> list[str]:
        found = context.new_page()
        found.goto(study.page.as_uri())
        found.evaluate("localStorage.clear()")
        begin(found, name)
        seen = []
        for _ in range(4):
            if shown(found) == "part":
                found.keyboard.press("Enter")
            seen.append(found.locator('[data-part="left"]').get_attribute("src"))
            press(found, " ")
        found.close()
        return seen

    blocks_ = len(study.key.blocks)
    first, again, same_block = order("1"), order("1"), order(str(1 + blocks_))
    context.close()
    assert first == again
    assert first != same_block


def test_held_keys_and_keys_with_others_answer_nothing(page: Any) -> None:
    begin(page, "1")
    page.keyboard.press("Enter")
    wait_for_pictures(page)
    page.keyboard.down("ArrowLeft")
    for _ in range(5):
        page.keyboard.down("ArrowLeft")  # as a key that is held repeats
    page.keyboard.up("ArrowLeft")
    assert place(page).startswith("Pair 2 of")
    press(page, "Control+ArrowRight")
    assert place(page).startswith("Pair 2 of")


WINDOWS = [(1280, 800), (390, 780), (844, 390)]
"""A desktop's and a phone's, portrait and landscape."""


def test_pictures_have_one_size_and_all_is_in_the_window(page: Any) -> None:
    sides: dict[tuple[int, int], set[tuple[float, float]]] = {window: set() for window in WINDOWS}

    def measure(pictures: int) -> None:
        for width, height in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # laid out
            boxes = [image.bounding_box() for image in page.locator(".stage img:visible").all()]
            assert len(boxes) == pictures
            sides[width, height] |= {(box["width"], box["height"]) for box in boxes}
            assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("document.documentElement.scrollHeight") <= height

    begin(page, "1")
    page.keyboard.press("Enter")
    measure(2)
    while shown(page) == "question":
        press(page, " ")
    page.keyboard.press("Enter")
    measure(3)
    for found in sides.values():
        (side,) = found  # in both parts
        assert side[0] == side[1]
        assert side[0] % 64 == 0
    smooth = page.locator('[data-part="left"]').evaluate("e => getComputedStyle(e).imageRendering")
    assert smooth == "auto"


def test_controls_have_names_and_pictures_are_told_apart(page: Any) -> None:
    begin(page, "1")
    page.keyboard.press("Enter")
    named = "e => e.labels?.length || e.ariaLabel || e.alt || e.textContent.trim() || e.querySelector('img')?.alt"
    unnamed = page.locator("button:visible, input:visible, img:visible").evaluate_all(
        f"all => all.filter(e => !({named})(e)).map(e => e.outerHTML)"
    )
    assert unnamed == []
    alts = page.locator(".stage img:visible").evaluate_all("all => all.map(e => e.alt)")
    assert alts == ["Left picture", "Right picture"]
    assert page.locator('[data-part="place"]').get_attribute("role") == "status"
