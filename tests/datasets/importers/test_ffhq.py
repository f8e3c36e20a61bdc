"""FFHQ: pictures that its json names and that are missing, and pictures that are not the published ones."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import call
from made.archives import draw_photo, face68, ffhq
from made.imports import do_import, manifest, pictures, table
from PIL import Image

from fsrbench.datasets import open_dataset

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
    assert left_out == dict.fromkeys(missing, "is in ffhq-dataset-v2.json but not among the pictures")
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
def test_files_that_are_not_archives_are_recognised(tmp_path: Path, head: bytes, reason: str, name: str) -> None:
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


@pytest.mark.parametrize(
    ("split", "ids"), [("train", ["00000", "00001", "00002"]), ("val", ["60000", "69999"]), ("all", None)]
)
@pytest.mark.parametrize("metadata", [True, False])
def test_ffhq_split_and_no_identities(tmp_path: Path, split: str, ids: list[str] | None, metadata: bool) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True, metadata=metadata)
    do_import("ffhq", source, tmp_path / "out", "--split", split, "--size", 64)
    data = open_dataset(str(tmp_path / "out"))
    assert [s.id for s in data] == (ids or ["00000", "00001", "00002", "60000", "69999"])
    assert {s.identity for s in data} == {None}


def test_ffhq_keeps_credits_and_68_landmarks(tmp_path: Path) -> None:
    do_import("ffhq", ffhq(tmp_path / "src", thumbnails=True), tmp_path / "out", "--size", 64)
    rows = table(tmp_path / "out" / "sources.csv")
    assert [(r["image"], r["author"], r["photo_title"]) for r in rows] == [
        ("60000", "Author 60000", "A, b"),
        ("69999", "Author 69999", "A, b"),
    ]
    points = open_dataset(str(tmp_path / "out")).samples[0].landmarks
    assert points is not None
    np.testing.assert_allclose(points, (face68() + 0.5) / 16 - 0.5, atol=1e-3)


def test_ffhq_picture_is_reduced_once(tmp_path: Path) -> None:
    do_import("ffhq", ffhq(tmp_path / "src", thumbnails=True), tmp_path / "out", "--size", 64)
    expected = draw_photo(60000, 128, 128).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(pictures(tmp_path / "out")["60000"], np.asarray(expected))


def test_ffhq_metadata_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    text = (source / "ffhq-dataset-v2.json").read_text()
    (source / "ffhq-dataset-v2.json").write_text(text[: len(text) // 2])
    result = call("data", "import", "ffhq", source, tmp_path / "out")
    assert result.exit_code == 2
    assert "was it cut short?" in result.stderr


def test_pictures_smaller_than_asked_for_are_no_hr(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    result = call("data", "import", "ffhq", source, tmp_path / "out", "--size", 256, "--workers", 1)
    assert result.exit_code == 2
    assert "no picture can be used (2 left out)" in result.stderr
    assert "128 px, smaller than --size 256" in result.stderr
    do_import("ffhq", source, tmp_path / "new", "--size", 256, "--enlarge")
    assert pictures(tmp_path / "new")["60000"].shape == (256, 256, 3)


def test_country_and_the_labels_of_ffhq_aging_are_kept_as_groups(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    about = json.loads((source / "ffhq-dataset-v2.json").read_text())
    about["60000"]["metadata"]["country"] = "Peru"
    (source / "ffhq-dataset-v2.json").write_text(json.dumps(about))
    (source / "ffhq_aging_labels.csv").write_text("image_number,age_group,head_yaw\n60000,20-29,-3.5\n69999,-1,8\n")
    do_import("ffhq", source, tmp_path / "out")
    assert open_dataset(str(tmp_path / "out")).labels == {
        "country": {"60000": "Peru"},
        "age_group": {"60000": "20-29"},
        "head_yaw": {"60000": "-3.5", "69999": "8"},
    }


def test_another_file_in_the_place_of_ffhq_aging_is_refused(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    (source / "ffhq_aging_labels.csv").write_text("number,age\n1,2\n")
    found = call("data", "import", "ffhq", source, tmp_path / "out")
    assert (found.exit_code, "must begin with image_number, not 'number'" in found.stderr) == (2, True)
