"""Markdown that shows text as it is."""

from __future__ import annotations

import pytest

from fsrbench.files.markdown import escape, markdown_table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a|b", r"a\|b"),
        ("*x*", r"\*x\*"),
        ("_x_", r"\_x\_"),
        ("snake_case", "snake_case"),
        ("<b>", "&lt;b>"),
        ("AT&T; &lt;", "AT&amp;T; &amp;lt;"),  # GitHub would show `<`
        ("R&D, a & b", "R&D, a & b"),
        ("two\r\nlines", "two lines"),  # a line break ends a table's row
    ],
)
def test_escape(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_a_table_has_a_line_for_each_row() -> None:
    table = markdown_table(["", "n"], [["a", "1"], ["b", "2"]], "lr")
    assert table.splitlines() == ["|  | n |", "| :--- | ---: |", "| a | 1 |", "| b | 2 |"]


def test_each_column_has_its_side() -> None:
    with pytest.raises(ValueError, match="shorter"):
        markdown_table(["a", "b"], [], "l")
