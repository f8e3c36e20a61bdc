"""A separate folder for each row of pictures, whatever the methods' names and the file system."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fsrbench.runs.pictures import Index, KeptRow, PictureFolder, folder_names

NAMES = [
    ["images:sr/a", "images:sr_a"],
    ["images:sr/a", "images:sr a", "images:sr:a", "images_sr_a"],
    ["ours", "Ours", "OURS"],
    ["images:Straße", "images:STRASSE"],
    ["images:Zo\u00eb", "images:Zoe\u0308"],
    [f"images:{'long/' * 80}{end}" for end in "abc"],
    ["images:" + "顔" * 200 + end for end in "ab"],
    ["images:.", "images:..", ".", "..", "..."],
    ["images:sr/a,b", "images:sr/a;b"],
]


@pytest.mark.parametrize("names", NAMES)
def test_folders_differ_on_any_file_system(names: list[str]) -> None:
    folders = folder_names(["lr", "hr", *names])
    assert len({folder.casefold() for folder in folders.values()}) == len(names) + 2
    assert all(
        0 < len(folder.encode()) <= 200 and folder.strip(".") and "/" not in folder for folder in folders.values()
    )
    assert (folders["lr"], folders["hr"]) == ("lr", "hr")


def test_folders_that_need_none_keep_plain_names() -> None:
    expected = {"bicubic": "bicubic", "images:sr/a": "images_sr_a", "python:pkg.mod:Class": "python_pkg.mod_Class"}
    assert folder_names(expected) == expected


@pytest.mark.parametrize("names", NAMES)
def test_what_is_written_is_what_is_read(tmp_path: Path, names: list[str]) -> None:
    pixels = {row: np.full((4, 4, 3), 10 * k, np.uint8) for k, row in enumerate(names)}
    writing = PictureFolder(tmp_path, names)
    for row in names:
        assert writing.write(row, [("x/1", pixels[row])]) == {}
    writing.finish(Index(("x/1",), {row: KeptRow("key") for row in names}))
    reading = PictureFolder(tmp_path)
    for row in names:
        assert np.array_equal(np.asarray(Image.open(reading.file(row, "x/1"))), pixels[row])
    assert all(reading.holds(reading.read_index(), row, "key") for row in names)
