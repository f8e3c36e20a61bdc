"""YAML is read with its lines, and what cannot be meant is refused with its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsrbench.errors import UserError
from fsrbench.files.text import read_marked_yaml, read_yaml

TEXT = """\
# a comment
base: &base
  limit: 3
  data: x
runs:
  one: {<<: *base, data: y}
  two:
    - first
    - - inner
7: seven
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.yaml"


def test_lines(path: Path) -> None:
    path.write_text(TEXT)
    file = read_marked_yaml(path)
    assert file.value["runs"] == {"one": {"limit": 3, "data": "y"}, "two": ["first", ["inner"]]}
    lines = {
        (): 2,
        ("base", "data"): 4,
        ("runs",): 5,
        ("runs", "one"): 6,
        ("runs", "one", "data"): 6,
        ("runs", "one", "limit"): 3,  # where it was said
        ("runs", "two", 1): 9,
        ("runs", "two", 1, 0): 9,
        ("runs", "two", 7): 7,  # not there: the last that is
        ("runs", "three", 0): 5,
        (7,): 10,
        ("7",): 2,
    }
    assert {keys: file.line(*keys) for keys in lines} == lines
    assert str(file.error("why", "runs", "two", 0)) == f"{path}, line 8: why"


def test_an_empty_file_has_a_line_too(path: Path) -> None:
    path.write_text("# nothing\n")
    file = read_marked_yaml(path)
    assert file.value is None
    assert file.line("a", 0) == 1


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: 2\n\na: 3\n", 4, "'a' appears twice"),
        ("a:\n  x: 1\n  y: {z: 1, z: 2}\n", 3, "'z' appears twice"),
        ("a: 1\nb: [2001-99-99]\n", 2, "cannot be read: ValueError"),
        ("a: 1\nb: x\nc: !!int many\n", 3, "cannot be read: ValueError"),
        ("a: 1\nb: &x [*x]\n", 2, "aliases"),
        (f"a: 1\nb: &b [{'1,' * 400}]\nc: &c [{'*b,' * 400}]\nd: [*c]\n", 3, "more than 100,000 values"),
        ("a: 1\nb: [\n", 3, "cannot be read"),
        ("a: 1\nb: *nothing\n", 2, "undefined alias"),
        ("a: 1\nb: !!python/object/apply:os.getcwd []\n", 2, "cannot be read"),
    ],
)
def test_errors_have_their_line(path: Path, text: str, line: int, reason: str) -> None:
    path.write_text(text)
    with pytest.raises(UserError, match=reason) as caught:
        read_yaml(path)
    assert f"line {line}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_the_same_key_in_two_places_and_as_another_kind(path: Path) -> None:
    path.write_text("a: {x: 1}\nb: {x: 1}\n1: a\n'1': b\n")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 1}, 1: "a", "1": "b"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5e-4", 0.0005),
        ("1e3", 1000.0),
        ("+2E+1", 20.0),
        ("-.5e1", -5.0),
        ("3.e2", 300.0),
        ("12", 12),
        ("1.5", 1.5),
        ("0x1e3", 0x1E3),
        ("'5e-4'", "5e-4"),
        ("e5", "e5"),
        ("5e", "5e"),
        ("5e-4x", "5e-4x"),
        ("2020-01-05e", "2020-01-05e"),
    ],
)
def test_numbers_with_an_exponent_are_numbers(path: Path, text: str, value: object) -> None:
    path.write_text(f"rate: {text}\n1e1: key\n")
    found = read_yaml(path)["rate"]
    assert found == value
    assert type(found) is type(value)
    assert read_yaml(path, strings=True)["rate"] == text.strip("'")
