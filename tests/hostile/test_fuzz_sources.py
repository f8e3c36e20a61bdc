"""Folders and zips with any names and any damage: a dataset or one line, and nothing that could be saved outside."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import write_zip
from made.hostile.cases import GOOD
from made.hostile.fuzz import fuzz, mutated, only

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.datasets.layout import read_layout
from fsrbench.errors import UserError
from fsrbench.runs.pictures import PictureFolder, safe_name

pytestmark = pytest.mark.heavy

PART = st.one_of(
    st.sampled_from(["HR", "LR", "hr", "..", ".", "", "a", "a.png", "~", "C:", "\\..", "__MACOSX", ".x", "x" * 300]),
    st.text(max_size=6),
)
NAME = st.builds(
    lambda parts, suffix, joint: joint.join(parts) + suffix,
    st.lists(PART, min_size=1, max_size=4),
    st.sampled_from([".png", ".JPG", ".gif", "", ".png.png", ".png\n", "."]),
    st.sampled_from(["/", "/", "\\"]),
)
FILE_NAME = st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=8)


class Names:
    """Files that have names and nothing else."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(set(names))

    def names(self) -> list[str]:
        return self._names

    def read(self, name: str) -> bytes:
        raise OSError("cannot be read: made up")


def check_ids(dataset: Dataset) -> None:
    """What is saved under the samples' ids lies in its folder, one line each, no two in one place."""
    ids = [sample.id for sample in dataset]
    assert ids == sorted(set(ids))
    folder = PictureFolder(Path("/run/images"))
    for image in ids:
        assert len(image.splitlines()) == 1
        saved = folder.file("bicubic", image)
        assert os.path.normpath(saved) == str(saved)
        assert saved.is_relative_to("/run/images/bicubic")
    assert all("\n" not in warning and len(warning) < 3000 for warning in dataset.warnings)


@fuzz(400)
@given(st.lists(NAME, max_size=8), st.booleans())
def test_any_names(names: list[str], wrapped: bool) -> None:
    with only(UserError):
        dataset = read_layout("made", Names(names), wrapped)
        assert len(dataset) > 0
        check_ids(dataset)
        assert len(dataset.samples[0].digest()) == 64


@fuzz(200)
@given(st.text(max_size=12))
def test_any_method_has_a_folder_of_its_own_name(name: str) -> None:
    assert "/" not in safe_name(name)
    assert "\\" not in safe_name(name)


def damaged_zip(path: Path, data: bytes) -> None:
    """Open a zip, and read all that it lists."""
    path.write_bytes(data)
    with only(UserError):
        dataset = open_dataset(str(path))
        check_ids(dataset)
        for sample in dataset:
            for picture in filter(None, (sample.hr, sample.lr)):
                with only(OSError):
                    picture.read()


def zips(folder: Path) -> list[bytes]:
    """Small zips of several kinds."""
    made = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(folder / "made.zip", "w", method) as archive:
            for name, data in GOOD.items():
                archive.writestr(f"faces/HR/{name}", data[:60])
            archive.comment = b"made"
        made.append((folder / "made.zip").read_bytes())
    return made


def test_damaged_zips(tmp_path: Path) -> None:
    for whole in zips(tmp_path):

        @fuzz(150)
        @given(mutated(whole))
        def check(data: bytes) -> None:
            damaged_zip(tmp_path / "damaged.zip", data)

        check()


@fuzz(150)
@given(names=st.lists(NAME.filter(lambda name: 0 < len(name.encode("utf-8", "replace")) < 1000), max_size=5))
def test_zips_of_any_names(tmp_path: Path, names: list[str]) -> None:
    try:
        path = write_zip(tmp_path / "named.zip", dict.fromkeys(names, b"1"))
    except UnicodeEncodeError:
        return  # no zip can have such a name
    damaged_zip(path, path.read_bytes())


@fuzz(150)
@given(
    parts=st.lists(
        st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=8), max_size=4
    )
)
def test_folders_of_any_names(tmp_path_factory: object, parts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("named")  # type: ignore[attr-defined]
    for part in parts:
        name = PurePosixPath(part).name
        if name not in ("", ".", ".."):
            (folder / f"{name}.png").write_bytes(b"1")
    with only(UserError):
        check_ids(open_dataset(str(folder)))
