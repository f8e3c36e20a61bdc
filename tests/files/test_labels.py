"""Files of labels: what is read, and what is refused in one line."""

from __future__ import annotations

import pytest

from fsrbench.errors import UserError
from fsrbench.files.labels import label_rows, parse_labels


def test_names_match_with_and_without_suffix_and_unknown_labels_are_none():
    file = parse_labels('image,sex,age\r\nann/1.png,female,NA\r\n"bob/1",male,"31"\r\ngone,male,4\r\n', "groups.csv")
    labels, strays = file.of(["ann/1", "bob/1", "cy/1"])
    assert labels == {"sex": {"ann/1": "female", "bob/1": "male"}, "age": {"bob/1": "31"}}
    assert strays == ["gone"]


def test_labels_are_one_line_without_control_characters():
    labels, _ = parse_labels('image,sex\na," f\nm\x1b[31m"\n', "g.csv").of(["a"])
    assert labels == {"sex": {"a": "f m?[31m"}}


def test_blank_lines_are_none_and_an_accent_is_one_letter():
    labels, strays = parse_labels("image,sex\n\na,e\u0301\n , \nb,\u00e9\n\t\n", "g.csv").of(["a", "b"])
    assert labels == {"sex": {"a": "\u00e9", "b": "\u00e9"}}
    assert strays == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image;sex\na;f\n", "with commas: image,sex,age; it is 'image;sex'"),
        ("image\tsex\na\tf\n", r"with commas: image,sex,age; it is 'image\\tsex'"),
        ("", "the first line must be image and the names of the columns"),
        ("name,sex\na,f\n", "the first line must be image and the names of the columns"),
        ("image\na\n", "the first line must be image and the names of the columns"),
        ("image,sex,\na,f,\n", "the first line must be image and the names of the columns"),
        ("image,sex,sex\na,f,f\n", "column sex appears twice"),
        ("image,sex\n", "no images in it"),
        ("image,sex\na,f,1\n", "line 2: 3 columns, the first line has 2"),
    ],
)
def test_malformed_files_are_refused(text, reason):
    with pytest.raises(UserError, match=f"groups.csv.*{reason}"):
        parse_labels(text, "groups.csv")


def test_an_image_named_twice_and_names_of_nothing_are_refused():
    with pytest.raises(UserError, match="line 3: a appears twice"):
        parse_labels("image,sex\na,f\na.png,m\n", "g.csv").of(["a"])
    with pytest.raises(UserError, match=r"none of its 1 lines names an image of the data; it has 'x', the data 'a'"):
        parse_labels("image,sex\nx,f\n", "g.csv").of(["a"])


def test_rows_leave_out_images_and_columns_without_labels():
    labels = {"sex": {"a": "f"}, "age": {}, "hat": {"c": "yes"}}
    assert label_rows(labels, "abc") == (["image", "sex", "hat"], [["a", "f", ""], ["c", "", "yes"]])
    assert label_rows({}, "abc") == (["image"], [])
