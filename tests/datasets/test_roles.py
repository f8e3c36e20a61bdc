"""Roles and identities from folders gallery/, probe/ and distractors/."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import picture_files, write_files

from fsrbench.datasets import open_dataset
from fsrbench.datasets.roles import parts
from fsrbench.errors import UserError


def test_folders_around_everything_and_the_names_of_published_sets_count() -> None:
    found = parts(["faces/Gallery_Match/3_1", "faces/Probe/3_9", "faces/Gallery_Distractor/8_1"])
    assert [(p.role, p.identity) for p in found.values()] == [("gallery", "3"), ("probe", "3"), ("distractor", None)]


@pytest.mark.parametrize(
    "ids",
    [
        ["gallery/1_1", "other/1_2"],
        ["gallery/1_1", "gallery/2_1"],
        ["ann/gallery/1", "ann/probe/2"],
        ["1", "2"],
        ["distractors/x"],
    ],
)
def test_other_folders_have_no_roles(ids: list[str]) -> None:
    assert parts(ids) == {}


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (["gallery/ann", "probe/1_1"], "no identity of 1 picture of the gallery, e.g. gallery/ann"),
        (["gallery/7_1", "probe/7_2", "unmated_probe/7_3"], "shows 7, who is in the gallery"),
        (["probe/ann/1", "distractors/x"], "distractors/, probe/ without gallery/"),
        (["gallery/ann/1", "distractors/x"], "distractors/, gallery/ without probe/"),
    ],
)
def test_what_contradicts_itself_is_refused(ids: list[str], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        parts(ids)


def test_a_folder_is_opened_with_roles_or_says_why_not(tmp_path: Path) -> None:
    good = write_files(tmp_path / "good", picture_files(["gallery/7_1.png", "probe/7_2.png", "distractors/x.png"]))
    assert [(s.role, s.identity) for s in open_dataset(str(good))] == [
        ("distractor", None),
        ("gallery", "7"),
        ("probe", "7"),
    ]
    bad = open_dataset(str(write_files(tmp_path / "bad", picture_files(["gallery/ann.png", "probe/7_2.png"]))))
    assert any(
        "gallery and probes are not used for identification: no identity of 1 picture" in line for line in bad.warnings
    )
    assert {sample.role for sample in bad} == {None}
