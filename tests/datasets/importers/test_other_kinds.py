"""FFHQ, LFW, WIDER FACE and any folder."""

import io
from pathlib import Path

import numpy as np
import pytest
from made import call, draw_picture, encode_picture, run, write_files, write_zip
from made.archives import LFW, WIDER_BOXES, draw_photo, face68, ffhq, lfw, png, widerface
from made.imports import do_import, manifest, pictures, table
from PIL import Image

from fsrbench.datasets import open_dataset


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
    assert "none of the 2 pictures can be used" in result.stderr
    assert "128 px, smaller than --size 256" in result.stderr
    do_import("ffhq", source, tmp_path / "new", "--size", 256, "--enlarge")
    assert pictures(tmp_path / "new")["60000"].shape == (256, 256, 3)


@pytest.mark.parametrize("form", ["tgz", "folder"])
def test_lfw_keeps_names_and_its_pairs_run(tmp_path: Path, form: str) -> None:
    do_import("lfw", lfw(tmp_path / "src", form), tmp_path / "out")
    data = open_dataset(str(tmp_path / "out"))
    assert [s.id for s in data] == sorted(f"{n}/{n}_{k:04d}" for n, c in LFW.items() for k in range(1, c + 1))
    assert (tmp_path / "out" / "pairs.txt").read_text() == (tmp_path / "src" / "pairs.txt").read_text()
    finished = run(tmp_path / "out", tmp_path / "run", "--pairs", tmp_path / "out" / "pairs.txt")
    assert finished.code == 0


def test_two_versions_of_lfw_are_refused(tmp_path: Path) -> None:
    source = lfw(tmp_path / "src")
    (source / "lfw-deepfunneled.tgz").write_bytes((source / "lfw.tgz").read_bytes())
    result = call("data", "import", "lfw", source, tmp_path / "out")
    assert result.exit_code == 2
    assert "is there twice, in lfw-deepfunneled.tgz/lfw/Ann_Lee" in result.stderr
    do_import("lfw", source / "lfw.tgz", tmp_path / "out")


@pytest.mark.parametrize("packed", [False, True])
def test_wider_faces_are_cut_where_their_boxes_are(tmp_path: Path, packed: bool) -> None:
    do_import("widerface", widerface(tmp_path / "src", packed), tmp_path / "out")
    found = pictures(tmp_path / "out", "LR")
    assert list(found) == ["0_Parade_a_1_0000", "0_Parade_a_1_0004"]
    photo = np.asarray(draw_photo(0, 320, 240))
    # Box 100, 60, 20 x 30: the square of 1.3 * 30 = 39 px around (110, 75 - 0.08 * 30 = 72.6)
    np.testing.assert_array_equal(found["0_Parade_a_1_0000"], photo[53:92, 90:129])
    row = table(tmp_path / "out" / "sources.csv")[1]
    assert (row["left"], row["width"], row["blur"], row["occlusion"]) == ("3", "24", "1", "1")
    data = open_dataset(str(tmp_path / "out"))
    assert not data.has_hr
    assert {s.identity for s in data} == {None}


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (["--max-occlusion", 2], ["a_1_0000", "a_1_0001", "a_1_0004"]),
        (["--max-blur", 1], ["a_1_0004"]),
        (["--max-pose", 1], ["a_1_0000", "a_1_0004", "c_3_0000"]),
        (["--max-face", 90], ["a_1_0000", "a_1_0002", "a_1_0004"]),
        (["--min-face", 29], ["a_1_0000"]),
    ],
)
def test_wider_filters(tmp_path: Path, options: list[object], numbers: list[str]) -> None:
    do_import("widerface", widerface(tmp_path / "src"), tmp_path / "out", *options)
    assert [i.partition("_")[2].partition("_")[2] for i in pictures(tmp_path / "out", "LR")] == numbers


@pytest.mark.parametrize(
    ("boxes", "reason"),
    [
        ("a/b.jpg\n2\n1 1 9 9 0 0 0 0 0 0\n", "a/b.jpg has 1 boxes, 2 are announced; was it cut short"),
        ("a/b.jpg\n", "line 2: expected the number of boxes"),
        ("a/b.jpg\n1\n1 1 9\n", "line 3: expected left, top, width, height and 6 flags, not '1 1 9'"),
        ("1\n2\n", "line 1: expected a photograph's name"),
    ],
)
def test_damaged_boxes_are_refused(tmp_path: Path, boxes: str, reason: str) -> None:
    result = call("data", "import", "widerface", widerface(tmp_path / "src", boxes=boxes), tmp_path / "out")
    assert result.exit_code == 2
    assert reason in result.stderr


def test_photograph_without_a_dummy_line_is_read(tmp_path: Path) -> None:
    boxes = "0--Parade/0_Parade_a_1.jpg\r\n0\r\n5--Car/5_Car_c_3.jpg\r\n1\r\n90 90 21 19 0 0 0 0 0 0\r\n"
    do_import("widerface", widerface(tmp_path / "src", boxes="\ufeff" + boxes), tmp_path / "out")
    assert list(pictures(tmp_path / "out", "LR")) == ["5_Car_c_3_0000"]


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
    assert "1 lines name no picture" in result.stderr
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
    assert "l.csv, line 3: a is there twice" in result.stderr


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


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["celebba", "."], "did you mean celeba"),
        (["folder", "nowhere"], "nowhere does not exist"),
        (["folder", ".", "--crop", "ffhq"], "add --landmarks FILE or --align detect"),
        (["lfw", ".", "--crop", "upright"], "LFW has none; add --align detect"),
        (["lfw", ".", "--split", "test"], "LFW has no test split here; --split all"),
        (["ffhq", ".", "--split", "dev"], "unknown split 'dev'"),
        (["widerface", ".", "--size", "32"], "no --crop, --size or --align"),
        (["widerface", ".", "--min-face", "60"], "no face has such a size"),
        (["celeba", ".", "--crop", "box"], "has no boxes"),
        (["folder", ".", "--in-the-wild"], "is for celeba"),
        (["folder", "."], "no pictures in"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    tmp_path: Path, arguments: list[str], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    kind, source, *options = arguments
    result = call("data", "import", kind, source, tmp_path / "out", *options)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) <= 3
    assert not (tmp_path / "out").exists()


def test_landmarks_that_are_no_numbers_are_not_kept(tmp_path: Path) -> None:
    source = ffhq(tmp_path / "src", thumbnails=True)
    text = (source / "ffhq-dataset-v2.json").read_text()
    (source / "ffhq-dataset-v2.json").write_text(text.replace("390.0", "NaN"))
    do_import("ffhq", source, tmp_path / "out", "--size", 64)
    assert open_dataset(str(tmp_path / "out")).samples[0].landmarks is None


def test_photographs_without_boxes_are_counted_and_named(tmp_path: Path) -> None:
    first = WIDER_BOXES.partition("5--Car/5_Car_b_2.jpg")[0]
    result = do_import("widerface", widerface(tmp_path / "src", boxes=first), tmp_path / "out")
    left_out = {row["source"] for row in table(tmp_path / "out" / "left_out.csv")}
    assert left_out == {"5--Car/5_Car_b_2.jpg", "5--Car/5_Car_c_3.jpg"}
    assert "5--Car/5_Car_b_2.jpg left out: is not in wider_face_val_bbx_gt.txt" in result.stderr


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
