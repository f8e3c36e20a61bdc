"""Columns and edges as users write them."""

from __future__ import annotations

import pytest

from fsrbench.errors import UserError
from fsrbench.runs.grouping import groupings

LABELS = {
    "sex": {"a": "female", "b": "male", "c": "male"},
    "age": {str(i): str(i + 18) for i in range(40)} | {"x": "30"},
    "level": {"a": "10", "b": "9", "c": "10"},
    "same": {"a": "yes", "b": "yes"},
    "code": {"a": "1_0", "b": "1_0"},
    "size:px": {"a": "small", "b": "large"},
}


def test_columns_with_labels_are_in_the_alphabets_order_and_numbers_in_theirs():
    sex, level = groupings(LABELS, "sex,level")
    assert (sex.column, sex.names) == ("sex", ("female", "male"))
    assert level.names == ("9", "10")


def test_numbers_are_cut_at_edges_which_belong_to_the_upper_group():
    age, sex = groupings(LABELS, "age:30,45.5,sex")
    assert age.names == ("under 30", "30 to under 45.5", "45.5 and over")
    assert (age.of["11"], age.of["12"], age.of["27"], age.of["28"]) == (
        *("under 30", "30 to under 45.5"),
        *("30 to under 45.5", "45.5 and over"),
    )
    assert sex.column == "sex"


def test_edges_have_all_their_digits():
    days = {"a": "20240130", "b": "20240131", "c": "20240201", "d": "20240202"}
    (day,) = groupings({"day": days}, "day:20240131,20240201,20240202")
    assert len(set(day.of.values())) == 4
    assert day.of["b"] == "20240131 to under 20240201"


def test_groups_that_nobody_is_in_are_left_out():
    (age,) = groupings(LABELS, "age:5,30")
    assert age.names == ("5 to under 30", "30 and over")


def test_a_columns_name_may_have_a_colon():
    (size,) = groupings(LABELS, "size:px")
    assert size.names == ("large", "small")


def test_by_default_every_column_that_can_be_told_apart():
    assert [grouping.column for grouping in groupings(LABELS)] == ["sex", "level", "size:px"]
    with pytest.raises(UserError, match="no column has 2 to 20 different labels"):
        groupings({"same": LABELS["same"]})


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ("skin", "unknown column of labels 'skin'; known: age, code, level, same, sex, size:px"),
        ("sxe", "did you mean sex"),
        ("age", "40 different labels; cut them at edges: --by age:30,45"),
        ("age:45,30", "--by age: edges must increase, not 45, 30"),
        ("age:30,30", "--by age: edges must increase, not 30, 30"),
        ("age:", "'' is not a number to cut at"),
        ("age:nan", "'nan' is not a number to cut at"),
        ("code:3", "'1_0' is not a number"),
        ("sex:3", r"--by sex: 'female' is not a number \(a\); leave out the edges"),
        ("same", "--by same: all 2 images are 'yes'; at least two groups are needed"),
        ("age:200", "all 41 images are 'under 200'"),
        ("sex,sex", "column sex appears twice"),
        (",", "name at least one column"),
    ],
)
def test_what_cannot_be_grouped_is_refused_in_one_line(by, reason):
    with pytest.raises(UserError, match=reason) as caught:
        groupings(LABELS, by)
    assert "\n" not in str(caught.value)
