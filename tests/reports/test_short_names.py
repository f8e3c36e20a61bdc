"""Short names of methods: readable and distinct."""

from __future__ import annotations

import pytest

from fsrbench.reports.short_names import MOST, row_names, short_names


def shown(*names: str) -> list[str]:
    return list(short_names(names).values())


def test_names_that_are_short_stay_as_they_are() -> None:
    assert shown("bicubic", "ours-short", "net:v2") == ["bicubic", "ours-short", "net:v2"]


def test_a_path_is_called_by_its_last_part() -> None:
    assert shown("images:sr/x4", "onnx:net.onnx") == ["x4", "net"]
    assert shown("checkpoint:/data/models/exp1/net_g.pth") == ["net_g"]
    assert shown("python:package.module:LongClassName") == ["LongClassName"]
    assert shown("images:/data/results/model.v2/celeba_x4.1") == ["celeba_x4.1"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ("checkpoint:/data/expA/models/net_g_latest.pth", "checkpoint:/data/expB/models/net_g_latest.pth"),
            ["expA/…/net_g_latest", "expB/…/net_g_latest"],
        ),
        (
            ("images:/out/modelA/visualization/celeba_x4", "images:/out/modelB/visualization/celeba_x4"),
            ["modelA/…/celeba_x4", "modelB/…/celeba_x4"],
        ),
        (
            ("python:mine.arch_small:Network_x4_64", "python:mine.arch_large:Network_x4_64"),
            ["arch_small:Network_x4_64", "arch_large:Network_x4_64"],
        ),
        (
            ("checkpoint:/data/models/networks/net.pth", "onnx:/data/models/networks/net.onnx"),
            ["net.pth", "net.onnx"],
        ),
        (("bicubic", "images:/results/of/others/bicubic"), ["bicubic", "others/bicubic"]),
        (
            ("images:/data/models/networks/net", "checkpoint:/data/models/networks/net"),
            ["images:…/net", "checkpoint:…/net"],
        ),
    ],
)
def test_equal_names_are_distinguished_by_what_differs(names: tuple[str, ...], expected: list[str]) -> None:
    assert shown(*names) == expected


LONG = "a_very_long_experiment_name_with_settings_lr{}e-4_bs16_x4_gan_v2_and_then_some_more"
HARD = [
    [f"images:sr/{LONG.format(i)}" for i in range(12)],
    ["images:sr/" + "超分辨率模型" * 5 + end for end in "甲乙"],
    ["a" * 60 + middle + "c" * 60 for middle in "bdef"] + ["a" * 60 + "b" + "c" * 59 + "e"],
    [f"checkpoint:/{a}/x/y/z/{b}/net_g_latest_of_all.pth" for a in ("one", "two") for b in ("three", "four")],
    ["x" * 50 + " " * i + "y" * 50 for i in range(5)],
    ["images:/a/really/long/folder/with/x4/", "images:/a/really/long/folder/with/x4"],
    ["checkpoint:C:\\models\\first\\net_latest.pth", "checkpoint:C:\\models\\second\\net_latest.pth"],
]


@pytest.mark.parametrize("names", HARD, ids=range(len(HARD)))
def test_no_two_names_are_alike_and_none_is_long(names: list[str]) -> None:
    short = shown(*names)
    assert len(set(short)) == len(names)
    assert all(0 < len(name) <= MOST for name in short)


def test_a_row_has_room_for_any_name() -> None:
    names = [LONG, f"images:/a/{LONG}", "images:/b/x4", "images:/c/x4", "bicubic"]
    assert list(row_names(names).values()) == [LONG, f"a/{LONG}", "b/x4", "c/x4", "bicubic"]


def test_names_that_spelling_makes_equal_stay_distinct() -> None:
    assert len(set(short_names(["模型", "魔性", "MoXing"], spell=lambda _: "MoXing").values())) == 3
