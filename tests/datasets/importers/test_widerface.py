"""WIDER FACE is cut where its boxes are."""

from pathlib import Path

import numpy as np
import pytest
from made import call
from made.archives import WIDER_BOXES, draw_photo, widerface
from made.imports import do_import, pictures, table

from fsrbench.datasets import open_dataset


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


def test_photographs_without_boxes_are_counted_and_named(tmp_path: Path) -> None:
    first = WIDER_BOXES.partition("5--Car/5_Car_b_2.jpg")[0]
    result = do_import("widerface", widerface(tmp_path / "src", boxes=first), tmp_path / "out")
    left_out = {row["source"] for row in table(tmp_path / "out" / "left_out.csv")}
    assert left_out == {"5--Car/5_Car_b_2.jpg", "5--Car/5_Car_c_3.jpg"}
    assert "5--Car/5_Car_b_2.jpg left out: is not in wider_face_val_bbx_gt.txt" in result.stderr


def test_flags_are_kept_as_groups_in_words(tmp_path: Path) -> None:
    do_import("widerface", widerface(tmp_path / "src"), tmp_path / "out", "--max-occlusion", 2)
    labels = open_dataset(str(tmp_path / "out")).labels
    assert {column: of["0_Parade_a_1_0000"] for column, of in labels.items()} == {
        **{"blur": "heavy", "expression": "typical", "illumination": "normal"},
        **{"occlusion": "none", "pose": "typical"},
    }
    assert labels["occlusion"]["0_Parade_a_1_0001"] == "heavy"
    assert labels["expression"]["0_Parade_a_1_0004"] == "exaggerated"
