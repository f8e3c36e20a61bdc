"""Who is held out: decided by each name alone, whatever other data there is."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from made import call
from PIL import Image

from fsrbench.training.data import load_faces
from fsrbench.training.held_out import held_out_names

NAMES = [f"person {number}" for number in range(400)]


def test_the_rule_is_the_hash_of_the_name() -> None:
    expected = {name for name in NAMES if int(sha256(name.encode()).hexdigest(), 16) % 1000 < 40}
    assert held_out_names(reversed(NAMES), 0.04) == expected
    assert 8 <= len(expected) <= 24


@pytest.mark.parametrize("part", [NAMES[:200], NAMES[137:], NAMES[::3]])
def test_nobody_changes_sides_with_other_data(part: list[str]) -> None:
    assert held_out_names(part, 0.04) == held_out_names(NAMES, 0.04) & {*part}


@pytest.mark.parametrize(
    ("names", "share", "expected"),
    [
        ([], 0.5, 0),
        (["a"], 0.99, 0),
        (["a", "a"], 0.99, 0),
        (["a", "b"], 0.0, 0),
        (["a", "b"], 0.001, 1),
        (["a", "b"], 1.0, 1),
        (NAMES, 1.0, 399),
    ],
)
def test_both_sides_have_somebody_if_there_are_two(names: list[str], share: float, expected: int) -> None:
    assert len(held_out_names(names, share)) == expected


def people(folder: Path, names: list[str]) -> Path:
    """One grey picture for each, its level the person's number."""
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64), (number,) * 3).save(folder / name / "0.png")
    return folder


def test_a_person_more_moves_nobody_from_training_to_validation(tmp_path: Path) -> None:
    names = [f"p{number:03}" for number in range(100)]
    before = [{*part[:, 0, 0, 0].tolist()} for part in load_faces(str(people(tmp_path, names[:60])), 64, 0.1)]
    after = [{*part[:, 0, 0, 0].tolist()} for part in load_faces(str(people(tmp_path, names)), 64, 0.1)]
    assert before[0] <= after[0]
    assert before[1] <= after[1]


@pytest.mark.parametrize(("count", "held_out"), [(2, 1), (5, 1)])
def test_few_people_are_enough_for_validation(tmp_path: Path, count: int, held_out: int) -> None:
    faces, kept = load_faces(str(people(tmp_path, [f"p{number}" for number in range(count)])), 64, 0.04)
    assert (len(faces), len(kept)) == (count - held_out, held_out)


def test_no_validation_is_said(small_scgan: None, tmp_path: Path) -> None:
    folder = tmp_path / "faces" / "ann"
    folder.mkdir(parents=True)
    for number in range(3):
        Image.fromarray(np.full((64, 64, 3), 40 * number, np.uint8)).save(folder / f"{number}.png")
    flags = ["--max-steps", 1, "--batch-size", 2, "--device", "cpu", "--threads", 1]
    result = call("train", "scgan", "--data", tmp_path / "faces", "--out", tmp_path / "out", *flags)
    assert result.exit_code == 0
    assert "of one person, so none is held out: no validation" in result.stderr
