"""``fsrbench data show``: what a dataset is, and a sheet of it."""

from pathlib import Path

import numpy as np
import pytest
from made import call, picture_files, write_files
from made.archives import widerface
from made.imports import do_import
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.datasets.base import dataset_hash


def shown(*arguments: object) -> str:
    """What is printed, in one line."""
    result = call("data", "show", *arguments)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def test_counts_pairs_hash_and_broken_files(tmp_path: Path) -> None:
    files = picture_files(["a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/2.png", "c/1.png"], side=70)
    source = write_files(tmp_path / "faces", files | {"c/2.jpg": b"no picture"})
    text = shown(source)
    for expected in (
        "samples 7",
        "HR 6 of 70 x 70 px",
        "identities 3, 2 to 3 pictures each",
        "5 genuine pairs",
        "broken files 1",
        "c/2.jpg: not a picture in a known format",
    ):
        assert expected in text
    assert dataset_hash(open_dataset(str(source))) in text.replace(" ", "")


def test_imported_dataset_tells_where_it_is_from(tmp_path: Path) -> None:
    do_import("widerface", widerface(tmp_path / "src"), tmp_path / "out")
    text = shown(tmp_path / "out")
    for expected in ("from WIDER FACE", "HR none", "identities not known", "min_face 10", "shuoyang1213.me/WIDERFACE"):
        assert expected in text


@pytest.mark.parametrize("degradation", [None, "realworld"])
def test_sheet_shows_the_pictures(tmp_path: Path, degradation: str | None) -> None:
    source = write_files(tmp_path / "faces", picture_files([f"{k}.png" for k in range(3)], side=64))
    options = ["--degradation", degradation] if degradation else []
    shown(source, "--out", tmp_path / "sheet.png", *options)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    columns = 6 if degradation else 3
    assert sheet.shape[1] > columns * 160
    first = np.asarray(open_picture(source / "0.png").resize((160, 160), Image.Resampling.LANCZOS))
    assert any(
        np.array_equal(sheet[y : y + 160, x : x + 160], first)
        for y in range(20, 50)
        for x in range(0, sheet.shape[1] - 160)
        if np.array_equal(sheet[y, x : x + 160], first[0])
    )


def open_picture(path: Path) -> Image.Image:
    """As RGB."""
    return Image.open(path).convert("RGB")


def test_what_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    assert (
        "unknown task 'x3'"
        in call("data", "show", "sample", "--limit", 1, "--task", "x3", "--out", tmp_path / "o.png").stderr
    )
    assert call("data", "show", tmp_path / "nothing").exit_code == 2
    sheet = ["--task", "64x1", "--degradation", "blur:0", "--out", tmp_path / "o.png"]
    assert "blur:0 leaves LR equal to HR" in call("data", "show", "sample", "--limit", 1, *sheet).stderr


def test_names_are_shown_as_they_are(tmp_path: Path) -> None:
    source = write_files(tmp_path / "faces", picture_files(["[red]/1.png"]) | {"[/b]x.png": b"", "[1].png": b""})
    assert "[/b]x.png: empty file" in shown(source)


@pytest.mark.parametrize("text", ["[]", "{", '{"format": "fsrbench-dataset", "counts": 3}', "[" * 100_000])
def test_an_invalid_manifest_does_no_harm(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FSRBENCH_DATA", str(tmp_path))
    source = write_files(tmp_path / "faces", picture_files(["1.png"]) | {"dataset.json": text.encode()})
    assert "samples 1" in shown(source)
    assert "cannot be read" in " ".join(call("list", "datasets").stdout.split())
