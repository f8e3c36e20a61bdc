"""Pairs files in LFW's format: read as they are meant, refused in one line with its number otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from made.places import SHARED

from fsrbench.datasets.pairs import ListedPair, read_pairs
from fsrbench.errors import UserError

LINES = ["2\t1", "Ann_Lee\t1\t4", "Ann_Lee\t2\tBob\t13", "Bob\t1\t2", "Bob\t10\tZoë\t1"]
PAIRS = (
    ListedPair("Ann_Lee/Ann_Lee_0001", "Ann_Lee/Ann_Lee_0004", True, 0),
    ListedPair("Ann_Lee/Ann_Lee_0002", "Bob/Bob_0013", False, 0),
    ListedPair("Bob/Bob_0001", "Bob/Bob_0002", True, 1),
    ListedPair("Bob/Bob_0010", "Zoë/Zoë_0001", False, 1),
)


def write(folder: Path, lines: list[str], end: str = "\n", encoding: str = "utf-8") -> Path:
    (folder / "pairs.txt").write_bytes(end.join(lines).encode(encoding))
    return folder / "pairs.txt"


@pytest.mark.parametrize("separator", ["\t", " ", "   "])
@pytest.mark.parametrize(
    ("end", "encoding"), [("\n", "utf-8"), ("\r\n", "utf-8"), ("\n\n", "utf-8"), ("\n", "utf-8-sig")]
)
def test_pairs_are_read(tmp_path, separator, end, encoding):
    lines = [line.replace("\t", separator) for line in LINES]
    assert read_pairs(write(tmp_path, lines, end, encoding)) == PAIRS


def test_folds_are_consecutive_lines(tmp_path):
    lines = ["3 2"] + [f"p{i} 1 2" if i % 4 < 2 else f"p{i} 1 q 1" for i in range(12)]
    assert [(p.genuine, p.fold) for p in read_pairs(write(tmp_path, lines))] == [(i % 4 < 2, i // 4) for i in range(12)]


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (2, "Ann_Lee\t1"),
        (3, "Ann_Lee\t1\tBob\t2\t3"),
        (4, "Bob\tone\t2"),
        (5, "Bob\t1\tZoë\tx"),
        (5, "Bob,1,Zoë,2"),
        (2, "Ann_Lee\t1.5\t2"),
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, number, line):
    lines = [line if k == number else good for k, good in enumerate(LINES, 1)]
    with pytest.raises(
        UserError, match=rf"pairs\.txt, line {number}: expected 'name i j' or 'name i name j'"
    ) as caught:
        read_pairs(write(tmp_path, lines))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "first line must have two numbers"),
        (LINES[1:], r"first line must have two numbers, folds and pairs, not 'Ann_Lee\\t1\\t4'"),
        (["2 1 0", *LINES[1:]], "first line must have two numbers"),
        (["10"], "first line must have two numbers"),
        (["1 2", *LINES[1:]], "at least 2 folds and 1 pair are needed, not 1 and 2"),
        (["2 0"], "at least 2 folds and 1 pair are needed, not 2 and 0"),
        (["2 -1", *LINES[1:]], "at least 2 folds and 1 pair"),
        (LINES[:-1], "3 pairs, its first line announces 4"),
        ([*LINES, LINES[1]], "5 pairs, its first line announces 4"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, lines, reason):
    with pytest.raises(UserError, match=reason) as caught:
        read_pairs(write(tmp_path, lines))
    assert "pairs.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("number", "line"), [(3, "Ann_Lee\t2\tAnn_Lee\t13"), (2, "Ann_Lee\t1\tBob\t4")])
def test_a_pair_among_those_of_the_other_kind_is_refused(tmp_path, number, line):
    lines = [line if k == number else good for k, good in enumerate(LINES, 1)]
    with pytest.raises(UserError, match=f"line {number}: "):
        read_pairs(write(tmp_path, lines))


def test_a_file_that_is_not_there_or_no_text_is_refused_in_one_line(tmp_path):
    (tmp_path / "pairs.bin").write_bytes(b"\x89PNG\xff\xfe")
    for name in ("nothing.txt", "pairs.bin", "."):
        with pytest.raises(UserError, match="cannot be read") as caught:
            read_pairs(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_lfws_own_list():
    path = SHARED / "data" / "lfw_pairs.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    pairs = read_pairs(path)
    assert len(pairs) == 6000
    assert sum(p.genuine for p in pairs) == 3000
    assert {p.fold for p in pairs} == set(range(10))
    assert pairs[0] == ListedPair("Abel_Pacheco/Abel_Pacheco_0001", "Abel_Pacheco/Abel_Pacheco_0004", True, 0)


def test_pairs_in_csv_name_any_images(tmp_path: Path) -> None:
    file = write(tmp_path, ["first,second,genuine,fold", "17_cam1,17_cam2,1,0", "a/b/c,x,0,3"])
    assert read_pairs(file) == (ListedPair("17_cam1", "17_cam2", True, 0), ListedPair("a/b/c", "x", False, 3))


@pytest.mark.parametrize("line", ["a,b,yes,0", "a,b,1", "a,b,1,x"])
def test_a_malformed_line_of_csv_is_named(tmp_path: Path, line: str) -> None:
    file = write(tmp_path, ["first,second,genuine,fold", "a,b,1,0", line])
    with pytest.raises(UserError, match=rf"line 3: expected two images, 1 or 0, and a fold, not '{line}'"):
        read_pairs(file)
