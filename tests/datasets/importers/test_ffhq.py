"""FFHQ: pictures that its json names and that are missing, and pictures that are not the published ones."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import call
from made.archives import ffhq
from made.imports import do_import, manifest, table
from PIL import Image

FOLDER = "thumbnails128x128"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return ffhq(tmp_path / "src", thumbnails=True)


def with_md5(source: Path, change: Callable[[int, str], str] = lambda number, md5: md5) -> Path:
    """Write the md5 of all files and pixels into the json, as FFHQ has them."""
    path = source / "ffhq-dataset-v2.json"
    about = json.loads(path.read_text())
    for number, entry in about.items():
        file = source / FOLDER / f"{int(number) // 1000 * 1000:05d}" / f"{int(number):05d}.png"
        pixels = hashlib.md5(np.asarray(Image.open(file)).tobytes()).hexdigest()
        file_md5 = hashlib.md5(file.read_bytes()).hexdigest()
        entry["thumbnail"] = {
            "file_md5": change(int(number), file_md5),
            "pixel_md5": change(int(number), pixels),
        }
    path.write_text(json.dumps(about))
    return source


@pytest.mark.parametrize(("split", "missing"), [("val", ["69999.png"]), ("all", ["00001.png", "69999.png"])])
def test_missing_pictures_are_counted_and_named(source: Path, tmp_path: Path, split: str, missing: list[str]) -> None:
    (source / FOLDER / "69000" / "69999.png").unlink()
    (source / FOLDER / "00000" / "00001.png").unlink()
    result = do_import("ffhq", source, tmp_path / "out", "--split", split)
    left_out = {row["source"]: row["reason"] for row in table(tmp_path / "out" / "left_out.csv")}
    assert left_out == dict.fromkeys(missing, "is in ffhq-dataset-v2.json and not among the pictures")
    assert manifest(tmp_path / "out")["counts"]["left_out"] == len(missing)
    assert f"{missing[0]} left out: is in ffhq-dataset-v2.json" in result.stderr


def test_published_pictures_pass_their_md5(source: Path, tmp_path: Path) -> None:
    result = do_import("ffhq", with_md5(source), tmp_path / "out", "--split", "all")
    assert "md5" not in result.stderr
    assert "other_md5" not in manifest(tmp_path / "out")["counts"]


def test_another_packing_of_the_same_pixels_passes(source: Path, tmp_path: Path) -> None:
    with_md5(source)
    file = source / FOLDER / "60000" / "60000.png"
    Image.open(file).save(file, compress_level=0)
    assert "md5" not in do_import("ffhq", source, tmp_path / "out", "--split", "all").stderr


@pytest.mark.parametrize("again", [False, True], ids=["once", "resumed"])
def test_wrong_md5_is_counted_and_named(source: Path, tmp_path: Path, again: bool) -> None:
    with_md5(source, lambda number, md5: md5[::-1] if number in (1, 60000) else md5)
    if again:
        do_import("ffhq", source, tmp_path / "out", "--split", "all")
    result = do_import("ffhq", source, tmp_path / "out", "--split", "all")
    assert "2 pictures differ from the published md5" in result.stderr
    assert "00001.png" in result.stderr
    assert "60000.png" in result.stderr
    assert manifest(tmp_path / "out")["counts"]["other_md5"] == 2


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"PK\x03\x04" + bytes(2000), "download cut short"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"<HTML>\n<title>Quota exceeded</title>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"),
        (b"", "it is empty"),
    ],
    ids=["half", "page", "capitals", "lfs", "empty"],
)
@pytest.mark.parametrize("name", ["thumbnails128x128.zip", "lfw.tgz"])
def test_what_is_no_archive_is_told_apart(tmp_path: Path, head: bytes, reason: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(head)
    result = call("data", "import", "lfw" if name.startswith("lfw") else "ffhq", path, tmp_path / "out")
    assert result.exit_code == 2
    assert reason in result.stderr
    assert name in result.stderr


def test_half_a_real_zip_is_told_from_a_page(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    path = Path(shutil.make_archive(str(tmp_path / "thumbnails128x128"), "zip", source))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "download cut short" in call("data", "import", "ffhq", path, tmp_path / "out").stderr
