"""A folder of pictures is imported, with or without landmarks."""

import io
from pathlib import Path

import pytest
from made import call, draw_picture, encode_picture, write_files, write_zip
from made.archives import draw_photo, ffhq, png
from made.imports import do_import, manifest, pictures, table
from PIL import Image

from fsrbench.datasets import open_dataset


def landmarks(path: Path, ids: list[str], identity: bool = False) -> Path:
    """A csv of five points."""
    heading = "path,identity," if identity else "image,"
    rows = [f"{i}.png,{'p7,' if identity else ''}60,60,100,64,80,85,62,105,96,108" for i in ids]
    path.write_text("\ufeff" + heading + ",".join(f"c{k}" for k in range(10)) + "\r\n" + "\r\n".join(rows) + "\r\n")
    return path


def test_folder_keeps_identities_and_cuts_by_landmarks(tmp_path: Path) -> None:
    files = {f"{i}.png": encode_picture(draw_photo(k, 180, 200)) for k, i in enumerate(["a/1", "b/2", "b/3"])}
    csv = landmarks(tmp_path / "l.csv", ["a/1", "b/2", "gone"])
    source = write_zip(tmp_path / "faces.zip", files, top="faces/")
    result = do_import("folder", source, tmp_path / "out", "--landmarks", csv, "--crop", "upright", "--size", 64)
    assert list(pictures(tmp_path / "out")) == ["a/1", "b/2"]
    assert "b/3.png left out: no landmarks, which the crop upright needs" in result.stderr
    assert "1 lines match no picture" in result.stderr
    assert list(manifest(tmp_path / "out")["annotations_sha256"]) == ["l.csv"]
    rows = table(tmp_path / "out" / "landmarks5.csv")
    assert float(rows[0]["re_x"]) - float(rows[0]["le_x"]) == pytest.approx(64 / float(_side(tmp_path)) * 40, abs=0.01)


def _side(tmp_path: Path) -> str:
    return table(tmp_path / "out" / "sources.csv")[0]["side"]


def test_folder_takes_identities_from_the_csv(tmp_path: Path) -> None:
    source = write_files(tmp_path / "src", {"1.png": encode_picture(draw_photo(0, 180, 200))})
    csv = landmarks(tmp_path / "l.csv", ["1"], identity=True)
    do_import("folder", source, tmp_path / "out", "--landmarks", csv)
    assert list(pictures(tmp_path / "out")) == ["p7/1"]


def test_rows_of_names_with_dots_reach_their_pictures(tmp_path: Path) -> None:
    ids = ["john", "john.doe", "john.smith", "p/1.2"]
    files = {f"{i}.png": encode_picture(draw_photo(k, 180, 200)) for k, i in enumerate(ids)}
    csv = landmarks(tmp_path / "l.csv", ["john", "p\\1.2", "./john.smith"])  # each with a suffix
    csv.write_text(csv.read_text() + "\r\njohn.doe,60,60,100,64,80,85,62,105,96,108\r\n")
    result = do_import("folder", write_files(tmp_path / "src", files), tmp_path / "out", "--landmarks", csv)
    assert "lines name no picture" not in result.stderr
    assert [row["image"] for row in table(tmp_path / "out" / "landmarks5.csv")] == ids


def test_picture_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    source = write_files(tmp_path / "src", {"a.png": encode_picture(draw_photo(0, 180, 200))})
    csv = landmarks(tmp_path / "l.csv", ["a"])
    csv.write_text(csv.read_text() + csv.read_text().splitlines()[1].replace("a.png", "a"))
    result = call("data", "import", "folder", source, tmp_path / "out", "--landmarks", csv)
    assert result.exit_code == 2
    assert "l.csv, line 3: a appears twice" in result.stderr


def test_faces_are_found_in_photographs(tmp_path: Path) -> None:
    sample = open_dataset("sample").samples[0]
    assert sample.hr is not None
    page = draw_photo(3, 400, 300).resize((400, 300))
    face = Image.open(io.BytesIO(sample.hr.read())).convert("RGB")
    page.paste(face, (150, 90))
    files = {"with.png": encode_picture(page), "without.png": encode_picture(Image.new("RGB", (300, 300)))}
    source = write_files(tmp_path / "src", files)
    do_import("folder", source, tmp_path / "out", "--align", "detect", "--size", 64)
    assert list(pictures(tmp_path / "out")) == ["with"]
    assert table(tmp_path / "out" / "left_out.csv")[0]["reason"] == "MTCNN finds no face"
    assert sample.landmarks is not None
    row = table(tmp_path / "out" / "landmarks5.csv")[0]
    eyes = [sample.landmarks[36:42].mean(axis=0), sample.landmarks[42:48].mean(axis=0)]
    scale = 64 / float(_side(tmp_path))
    found = float(row["re_x"]) - float(row["le_x"])
    assert found == pytest.approx((eyes[1] - eyes[0])[0] * scale, rel=0.15)


def test_landmarks_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    text = (source / "ffhq-dataset-v2.json").read_text()
    (source / "ffhq-dataset-v2.json").write_text(text.replace("390.0", "NaN"))
    do_import("ffhq", source, tmp_path / "out", "--size", 64)
    assert open_dataset(str(tmp_path / "out")).samples[0].landmarks is None


def test_pictures_without_landmarks_are_counted_and_named(tmp_path: Path) -> None:
    source = write_files(tmp_path / "src", {f"{name}.png": png(k, 140, 140) for k, name in enumerate("abc")})
    (tmp_path / "points.csv").write_text(f"image,{','.join('x' * 10)}\na.png,43,56,77,56,60,75,46,89,74,89\n")
    result = do_import("folder", source, tmp_path / "out", "--landmarks", tmp_path / "points.csv", "--crop", "none")
    assert "2 pictures have no line in" in result.stderr
    assert "e.g. b.png" in result.stderr


@pytest.mark.parametrize("names", [("gt", "lq"), ("HR_64", "LR_16")])
def test_hr_and_lr_are_no_two_people(tmp_path, names):
    files = {f"{folder}/{i}.png": encode_picture(draw_picture(i)) for folder in names for i in range(3)}
    for source in (write_files(tmp_path / "pairs", files), write_zip(tmp_path / "pairs.zip", files)):
        result = call("data", "import", "folder", source, tmp_path / "out")
        assert result.exit_code == 2
        assert f"holds HR in {names[0]}/ and LR in {names[1]}/" in result.stderr.replace("\n", " ")


@pytest.mark.parametrize("packed", [False, True])
def test_one_person_stays_one_person(tmp_path, packed):
    files = {f"ann/{i}.png": encode_picture(draw_picture(i, 128)) for i in range(2)}
    source = write_zip(tmp_path / "ann.zip", files) if packed else write_files(tmp_path / "people", files)
    assert call("data", "import", "folder", source, tmp_path / "out", "--size", 64).exit_code == 0
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.png")) == [
        "HR/ann/0.png",
        "HR/ann/1.png",
    ]


def test_the_sources_own_groups_are_kept(tmp_path: Path) -> None:
    files = {f"{i}.png": encode_picture(draw_photo(k, 180, 200)) for k, i in enumerate(["ann/1", "bob/2"])}
    files["groups.csv"] = b"image,sex\nann/1,female\nbob/2,male\ngone,male\n"
    result = do_import("folder", write_zip(tmp_path / "faces.zip", files), tmp_path / "out")
    assert "groups.csv: 1 lines match no picture" in result.stderr
    assert open_dataset(str(tmp_path / "out")).labels == {"sex": {"ann/1": "female", "bob/2": "male"}}
    assert "groups.csv" in manifest(tmp_path / "out")["annotations_sha256"]
