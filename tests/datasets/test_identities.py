"""Who is on a picture: the same from a folder, a zip, and an import of a folder, zip or tar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from made import draw_picture, encode_picture, picture_files, write_files, write_zip
from made.archives import write_tar
from made.imports import do_import, manifest
from PIL import ImageFilter

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.datasets.identities import MOST_SESSIONS

Pack = Callable[..., Dataset]


def from_folder(tmp_path: Path, names: list[str]) -> Dataset:
    return open_dataset(str(write_files(tmp_path / "given", {name: name.encode() for name in names})))


def from_zip(tmp_path: Path, names: list[str]) -> Dataset:
    return open_dataset(str(write_zip(tmp_path / "given.zip", {name: name.encode() for name in names})))


@pytest.fixture(params=[from_folder, from_zip])
def pack(request: pytest.FixtureRequest) -> Pack:
    chosen: Pack = request.param
    return chosen


def people(data: Dataset) -> list[str | None]:
    return [sample.identity for sample in data]


LAYOUTS = {
    "cameras": (["anna/cam0/1.png", "anna/cam1/2.png"], ["anna", "anna"]),
    "cameras of two": (["anna/cam0/1.png", "anna/cam1/2.png", "bob/cam0/1.png"], ["anna", "anna", "bob"]),
    "sessions around": (["session1/ann/1.png", "session1/bob/1.png", "session2/ann/2.png"], ["ann", "bob", "ann"]),
    "gallery and probe": (["gallery/ann/1.png", "gallery/bob/1.png", "probe/ann/1.png"], ["ann", "bob", "ann"]),
    "dates": (["ann/2021-05-03/1.png", "ann/2022-01-30/1.png", "bob/2021-05-03/1.png"], ["ann", "ann", "bob"]),
    "in and out of a session": (["ann/1.png", "ann/indoor/2.png", "bob/1.png"], ["ann", "ann", "bob"]),
    "a split around": (["train/ann/cam_1/1.png", "test/ann/cam_2/2.png", "test/bob/1.png"], ["ann", "bob", "ann"]),
    "groups": (["actors/faces/Al/1.png", "actors/faces/Bo/1.png", "actresses/faces/Cy/1.png"], ["Al", "Bo", "Cy"]),
    "subsets of a challenge": (
        ["CelebA/1.png", "CelebChild-Test/2.png", "LFW-Test/3.png", "WebPhoto-Test/4.png", "Wider-Test/5.png"],
        [None] * 5,
    ),
    "only cameras": (["cam0/1.png", "cam1/1.png"], ["cam0", "cam1"]),
    "a person called Day": (["x/Day/1.png", "x/Smith/1.png"], ["Day", "Smith"]),
    "LFW": (["lfw/Al_B/Al_B_0001.png", "lfw/Cy_D/Cy_D_0001.png"], ["Al_B", "Cy_D"]),
    "sides inside of sessions": (
        [f"{who}/{cam}/{side}/1.png" for who in ("ann", "bob") for cam in ("cam0", "cam1") for side in ("gt", "lq")],
        ["ann", "ann", "bob", "bob"],
    ),
    "sides around": (
        [f"{side}/{who}/cam{k}/{k}.png" for side in ("HR", "LR") for who in ("ann", "bob") for k in (0, 1)],
        ["ann", "ann", "bob", "bob"],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_sessions_splits_and_groups_are_no_people(pack: Pack, tmp_path: Path, layout: str) -> None:
    names, expected = LAYOUTS[layout]
    data = pack(tmp_path, names)
    assert people(data) == expected
    assert not [line for line in data.warnings if "person" in line and layout != "a person called Day"]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tgz"])
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["anna/cam0/1.png", "anna/cam1/2.png"], ["anna", "anna"]),
        (["anna/cam0/1.png", "anna/cam1/2.png", "bob/cam0/3.png"], ["anna", "anna", "bob"]),
        (["Ann_B/Ann_B_0001.png", "Ann_B/Ann_B_0002.png", "Cy/Cy_0001.png"], ["Ann_B", "Ann_B", "Cy"]),
    ],
)
def test_an_imported_folder_or_archive_has_the_same_people(
    tmp_path: Path, kind: str, names: list[str], expected: list[str]
) -> None:
    files = picture_files(names)
    write = {"folder": write_files, "zip": write_zip, "tar": write_tar, "tgz": write_tar}[kind]
    source = write(tmp_path / (f"in.{kind}" if kind != "folder" else "in"), files)
    do_import("folder", source, tmp_path / "out", "--size", 64)
    assert people(open_dataset(str(tmp_path / "out"))) == expected
    assert manifest(tmp_path / "out")["counts"]["identities"] == len(set(expected))


def test_unknown_folders_in_a_persons_are_that_persons_and_a_warning_says_so(pack: Pack, tmp_path: Path) -> None:
    data = pack(tmp_path, ["Al/0/1.png", "Al/1/1.png", "Bo/0/1.png"])
    assert people(data) == ["Al", "Al", "Bo"]
    assert data.warnings == (
        "3 folders are inside a person's folder and count as that person's (Al/0/); if they are people, give them "
        "without the outer folders",
    )


def test_a_folder_around_people_is_not_one_of_them(tmp_path: Path) -> None:
    data = from_folder(tmp_path, ["mine/ann/1.png", "mine/ann/2.png", "mine/bob/1.png"])
    assert people(data) == ["ann", "ann", "bob"]
    assert "mine/ contains all people, and each of its 2 folders counts as one person's" in data.warnings[0]
    crowd = from_folder(tmp_path / "b", [f"mine/p{k}/1.png" for k in range(MOST_SESSIONS + 1)])
    assert len(set(people(crowd))) == MOST_SESSIONS + 1
    assert not crowd.warnings


def test_pictures_beside_people_are_nobodys(pack: Pack, tmp_path: Path) -> None:
    assert people(pack(tmp_path, ["ann/1.png", "bob/1.png", "cover.png"])) == ["ann", "bob", None]


def test_a_run_pairs_one_persons_sessions(tmp_path: Path) -> None:
    data = from_folder(tmp_path, [f"{who}/cam{k}/{k}.png" for who in ("ann", "bob") for k in (0, 1)])
    assert data.has_pairs


def test_sessions_with_pictures_of_the_same_people_are_not_taken_for_hr_and_lr(tmp_path: Path) -> None:
    names = [f"{session}/p{k}/1.png" for session in ("gallery", "probe") for k in range(7)]
    files = {
        name: encode_picture(draw_picture(k % 7).filter(ImageFilter.GaussianBlur(k // 7)))
        for k, name in enumerate(names)
    }
    data = open_dataset(str(write_files(tmp_path / "in", files)))
    assert people(data) == [f"p{k}" for k in range(7)] * 2
