"""Transparency is laid on white, and every command that reads a dataset says of how many pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call, draw_picture, encode_picture, run, write_files, write_zip
from made.imports import do_import
from PIL import Image

from fsrbench.training.data import load_faces

SAID = "2 pictures are transparent in places; their transparency is laid on white: a, b"


def see_through(seed: int, mode: str = "RGBA", level: int = 0) -> bytes:
    picture = draw_picture(seed)
    if mode == "P":
        picture = picture.quantize(16)
        return encode_picture(picture, transparency=picture.getpixel((0, 0)))
    alpha = Image.new("L", picture.size, 255)
    alpha.paste(level, (0, 0, 8, 8))
    picture = picture.convert(mode[:-1])
    picture.putalpha(alpha)
    return encode_picture(picture)


FILES = {"a.png": see_through(1), "b.png": see_through(2, "LA"), "c.png": see_through(3, level=255)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "in", FILES)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("packed", [False, True])
def test_a_run_says_it_once_and_records_which(tmp_path: Path, packed: bool) -> None:
    source = write_zip(tmp_path / "in.zip", FILES) if packed else write_files(tmp_path / "in", FILES)
    done = run(source, tmp_path / "out", "--methods", "bicubic,nearest")
    assert one_line(done.stderr).count(SAID) == 1
    assert done.manifest["dataset"]["notes"] == dict.fromkeys("ab", "transparent in places, laid on white")


def test_lr_and_pictures_that_are_cut_count_too(tmp_path: Path) -> None:
    lr = Image.new("RGBA", (16, 16), (9, 9, 9, 40))
    wide = Image.new("RGBA", (80, 64), (9, 9, 9, 254))
    files = {"HR/a.png": encode_picture(draw_picture(1)), "LR/a.png": encode_picture(lr)}
    files |= {"HR/b.png": encode_picture(wide), "LR/b.png": encode_picture(lr.convert("RGB"))}
    done = run(write_files(tmp_path / "in", files), tmp_path / "out")
    assert SAID in one_line(done.stderr)
    assert done.manifest["dataset"]["notes"]["b"] == (
        "80 x 64 px cut to the central square; transparent in places, laid on white"
    )


def test_opaque_pictures_with_an_alpha_channel_are_not_mentioned(tmp_path: Path) -> None:
    done = run(write_files(tmp_path / "in", {"c.png": FILES["c.png"]}), tmp_path / "out")
    assert "transparen" not in done.stderr
    assert done.manifest["dataset"]["notes"] == {}


def test_an_import_says_it_also_where_it_goes_on(folder: Path, tmp_path: Path) -> None:
    (folder / "d.png").write_bytes(see_through(4, "P"))
    for _ in range(2):
        done = do_import("folder", folder, tmp_path / "out", "--size", 64)
        assert "3 pictures are transparent in places; their transparency is laid on white: a, b, d" in one_line(
            done.stderr
        )


def test_degrading_and_training_say_it(folder: Path, tmp_path: Path) -> None:
    assert SAID in one_line(call("data", "degrade", folder, tmp_path / "out").stderr)
    notes: list[str] = []
    load_faces(str(folder), 64, notes=notes)
    assert notes == [SAID]
