"""Raters' files: what is read, what is refused in one line, and what the table says of a choice."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.raters import answers_of

from fsrbench.errors import UserError
from fsrbench.study.answers import read_answers
from fsrbench.study.bradley_terry import pairs_of

from .conftest import STRENGTHS, Study

Write = Callable[..., Path]


@pytest.fixture
def write(study: Study, tmp_path: Path) -> Write:
    """Write one rater's file, changed, beside a copy of the key."""
    (tmp_path / "key.json").write_text(study.key_file.read_text())

    def written(name: str = "ann", file: str = "", seed: int = 0, **changes: Any) -> Path:
        found = answers_of(study.key, name, STRENGTHS, np.random.default_rng(seed)) | changes
        path = tmp_path / (file or f"{name}.json")
        path.write_text(json.dumps(found))
        return path

    return written


def refusal(*paths: Path) -> str:
    with pytest.raises(UserError) as error:
        read_answers(paths)
    return str(error.value)


def test_a_folder_is_read_with_the_key_in_it(write: Write) -> None:
    folder = write("ann").parent
    write("bob", seed=1)
    found = read_answers([folder])
    assert [rater.name for rater in found.raters] == ["ann", "bob"]
    assert all(rater.complete for rater in found.raters)


def test_files_of_a_shells_pattern_are_read_with_the_key_among_them(write: Write) -> None:
    folder = write("ann").parent
    assert len(read_answers(sorted(folder.glob("*.json"))).raters) == 1


def test_key_elsewhere(write: Write, study: Study, tmp_path: Path) -> None:
    file = write("ann")
    (tmp_path / "key.json").unlink()
    assert refusal(file).endswith("key.json: no such file; give the study's key with --key")
    assert len(read_answers([file], study.key_file).raters) == 1


def test_the_same_file_twice_counts_once(write: Write) -> None:
    file = write("ann")
    copy = write("ann", "copy.json")
    found = read_answers([file, file, copy])
    assert len(found.raters) == 1
    assert found.remarks == (f"{copy}: the same answers as {file}; counted once",)


def test_a_rater_with_other_answers_is_refused(write: Write) -> None:
    file, other = write("Ann"), write(" ann ", "other.json", seed=1)
    assert refusal(file, other) == f"{other}: rater ' ann ' has other answers in {file}; keep one of the files"


def test_another_studys_answers_are_refused(write: Write) -> None:
    assert ": of another study (0000" in refusal(write("ann", study="0" * 64))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema_version": 2}, "schema_version: must be 1"),
        ({"kind": "answers"}, "kind: must be fsrbench study answers"),
        ({"rater": ""}, "rater: "),
        ({"rater": "x" * 61}, "rater: "),
        ({"block": 999}, "block 999: the study has"),
        ({"block": -1}, "block: must be at least 0"),
        ({"answers": [{"trial": 0, "choice": "both", "ms": 1}]}, "answers.0.choice: "),
        ({"answers": [{"trial": "0", "choice": "left", "ms": 1}]}, "answers.0.trial: "),
        ({"answers": [{"trial": 0, "choice": "left", "ms": float("nan")}]}, "answers.0.ms: "),
        ({"answers": [{"trial": 0, "choice": "left", "ms": 1}] * 2}, "a pair is answered twice"),
        ({"answers": [{"trial": 999999, "choice": "left", "ms": 1}]}, "pair 999999 is not in block 0"),
        ({"more": 1}, "more: "),
    ],
    ids=str,
)
def test_malformed_file_is_one_line(write: Write, changes: dict[str, Any], reason: str) -> None:
    file = write("ann", **changes)
    line = refusal(file)
    assert line.startswith(f"{file}: ")
    assert reason in line
    assert "\n" not in line


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "\x00", '{"kind": "fsrbench study key"}', '"text"'])
def test_other_files_are_one_line(write: Write, tmp_path: Path, text: str) -> None:
    write("ann")
    (tmp_path / "other.json").write_text(text)
    (tmp_path / "key.json").write_text((tmp_path / "key.json").read_text())
    line = refusal(tmp_path)
    assert str(tmp_path / "other.json") in line
    assert "\n" not in line


def test_every_bad_file_has_a_line(write: Write) -> None:
    lines = refusal(write("ann", block=999), write("bob", study="0"), write("cleo")).splitlines()
    assert [line.partition(":")[0].rpartition("/")[2] for line in lines] == ["ann.json", "bob.json"]


def test_a_key_whose_parts_do_not_fit_is_refused(write: Write, study: Study, tmp_path: Path) -> None:
    file = write("ann")
    broken = json.loads(study.key_file.read_text())
    broken["trials"][0][2] = 99
    (tmp_path / "key.json").write_text(json.dumps(broken))
    assert "its parts do not belong together" in refusal(file)


def test_table_says_who_was_preferred_whatever_the_side(write: Write, study: Study) -> None:
    found = read_answers([write("ann")])
    table = found.table(0, found.raters)
    rater, key = found.raters[0], study.key
    expected = []
    for number, choice in zip(rater.trial, rater.choice, strict=True):
        trial = key.trial[number]
        if trial.question == 0 and not trial.catch and trial.repeats is None:
            preferred = {0: trial.left, 1: trial.right, 2: None}[int(choice)]
            pair = tuple(sorted((trial.left, trial.right)))
            expected.append((trial.image, pair, preferred))
    pairs = pairs_of(len(key.methods))
    seen = [
        (image, pairs[pair], {0: first, 1: second, 2: None}[outcome])
        for image, pair, first, second, outcome in zip(
            table.image, table.pair, table.first, table.second, table.outcome.tolist(), strict=True
        )
    ]
    assert seen == expected
    assert len(table) == 6
