"""One run on a folder with every bad and odd picture in it: each bad one has its reason, all others are scored."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from made import Finished, encode_picture, run, write_files
from made.hostile.bad_pictures import FACE, LEFT_OUT, ODD, BadPicture
from made.hostile.bad_sources import STRANGE_NAMES
from made.hostile.cases import GOOD
from made.hostile.watch import within

SECONDS = 30
IGNORED = {"notes.txt": b"hello", "table.csv": b"a,b", ".DS_Store": b"\0", "no suffix": b"x"}


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The run."""
    path = tmp_path_factory.mktemp("messy")
    files = GOOD | IGNORED | {picture.name: picture.make() for picture in [*LEFT_OUT, *ODD]}
    files |= {f"names/{name}.png": encode_picture(FACE) for name in STRANGE_NAMES}
    files |= {"twice.png": encode_picture(FACE), "twice.jpg": encode_picture(FACE, "JPEG")}
    data = write_files(path / "data", files)
    with within(SECONDS):
        return run(data, path / "out", "--save-images")


EXPECTED = {"good1", "good2", "twice"} | {picture.id for picture in ODD} | {f"names/{name}" for name in STRANGE_NAMES}


@pytest.mark.heavy
def test_bad_files_stop_nothing(messy: Finished) -> None:
    assert messy.code == 0
    assert messy.status("bicubic") == messy.status("bicubic", "ssim") == "ok"


def test_every_odd_picture_is_scored_and_saved(messy: Finished) -> None:
    assert set(messy.values("bicubic")) == EXPECTED
    assert np.isfinite([value for name, value in messy.values("bicubic").items() if name != "unpacks-to-more"]).all()
    saved = messy.path / "images" / "bicubic"
    assert {p.relative_to(saved).as_posix().removesuffix(".png") for p in saved.rglob("*.png")} == EXPECTED
    assert messy.manifest["dataset"]["n"] == len(EXPECTED)


@pytest.mark.parametrize("picture", LEFT_OUT, ids=lambda picture: picture.name)
def test_bad_picture_is_left_out_with_its_reason_in_one_line(messy: Finished, picture: BadPicture) -> None:
    assert re.search(picture.reason, messy.left_out[picture.id])
    lines = [line for line in messy.stderr.splitlines() if line.startswith(f"warning: {picture.id} left out: ")]
    assert len(lines) == 1


def test_nothing_else_is_left_out(messy: Finished) -> None:
    assert set(messy.left_out) == {picture.id for picture in LEFT_OUT}


def test_ignored_and_doubled_files(messy: Finished) -> None:
    assert "notes" not in messy.stderr
    assert "twice.jpg (twice.png is used)" in messy.stderr
    cut = {"wide": "90 x 64", "very-wide": "20000 x 64"}
    white = {"palette"}
    expected = {n: f"{size} px cut to the central square" for n, size in cut.items()}
    expected |= dict.fromkeys(white, "transparent in places, laid on white")
    assert messy.manifest["dataset"]["notes"] == expected


def test_good_images_score_as_they_do_alone(messy: Finished, tmp_path: Path) -> None:
    alone = run(write_files(tmp_path / "data", GOOD), tmp_path / "out")
    assert alone.values("bicubic") == {image: messy.values("bicubic")[image] for image in ("good1", "good2")}


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_strange_name_is_saved_under(messy: Finished, name: str) -> None:
    assert (messy.path / "images" / "bicubic" / "names" / f"{name}.png").is_file()
    assert messy.values("bicubic")[f"names/{name}"] == messy.values("bicubic")["alpha"]
