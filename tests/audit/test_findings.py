"""Spread and ranking from made-up values."""

from __future__ import annotations

from math import nan

import pytest

PSNR = {
    "default": {"bicubic": 23.0, "scgan": 24.0, "ours": 25.0},
    "stretched": {"bicubic": 21.5, "scgan": 23.5, "ours": 22.0},
    "Y, 16–235": {"bicubic": 24.5, "scgan": 25.5, "ours": 26.0},
}


def test_spread_is_from_the_lowest_to_the_highest(find) -> None:
    spread = find({"psnr": PSNR}).spread("ours", "psnr")
    assert (spread.default, spread.lowest, spread.highest, spread.width) == (25, "stretched", "Y, 16–235", 4)


def test_spread_counts_the_default(find) -> None:
    spread = find({"psnr": {"default": {"ours": 25.0}, "JPEG 75": {"ours": 24.0}}}).spread("ours", "psnr")
    assert (spread.highest, spread.width) == ("default", 1)


def test_values_that_are_missing_are_left_out(find) -> None:
    found = find({"psnr": PSNR | {"stretched": {"bicubic": 21.5, "scgan": nan, "ours": nan}}})
    assert found.value("ours", "psnr", "stretched") is None
    assert found.spread("ours", "psnr").width == 1
    assert found.reordered("psnr") == []


def test_without_a_default_there_is_no_spread(find) -> None:
    assert find({"psnr": {"default": {"ours": nan}, "JPEG 75": {"ours": 24.0}}}).spread("ours", "psnr") is None


def test_methods_that_change_places_are_noticed(find) -> None:
    found = find({"psnr": PSNR})
    assert found.ranking("psnr") == ["ours", "scgan", "bicubic"]
    assert found.ranking("psnr", "stretched") == ["scgan", "ours", "bicubic"]
    assert found.reordered("psnr") == ["stretched"]


def test_lower_can_be_better(find) -> None:
    found = find({"niqe": {"default": {"scgan": 6.0, "ours": 5.0}, "enlarged to 192 px": {"scgan": 4.0, "ours": 4.5}}})
    assert found.ranking("niqe") == ["ours", "scgan"]
    assert found.reordered("niqe") == ["enlarged to 192 px"]


@pytest.mark.parametrize(("ours", "swapped"), [(0.96, []), (0.9596, []), (0.958, ["confidence 0.8"])])
def test_differences_below_the_shown_digits_are_no_change(find, ours: float, swapped: list[str]) -> None:
    values = {"default": {"scgan": 0.9, "ours": 0.95}, "confidence 0.8": {"scgan": 0.96, "ours": ours}}
    assert find({"detection": values}).reordered("detection") == swapped


def test_equal_by_default_is_no_ranking_to_change(find) -> None:
    values = {"default": {"scgan": 1.0, "ours": 1.0}, "confidence 0.8": {"scgan": 0.9, "ours": 1.0}}
    assert find({"detection": values}).reordered("detection") == []


def test_hr_is_not_ranked(find) -> None:
    values = {"default": {"ours": 5.0, "hr": 3.0}, "enlarged by bilinear": {"ours": 5.0, "hr": 9.0}}
    found = find({"niqe": values})
    assert found.methods("niqe") == ["ours", "hr"]
    assert found.ranking("niqe") == ["ours"]
    assert found.reordered("niqe") == []
