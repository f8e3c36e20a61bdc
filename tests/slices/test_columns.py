"""Conditions on numbers, words and what is not known."""

from __future__ import annotations

import numpy as np
import pytest
from made.sliced import faces, scores, write_sliced

from fsrbench.slices.columns import Column, columns_of
from fsrbench.slices.conditions import Condition, candidates, holds
from fsrbench.slices.find import find_slices


def test_what_is_not_known_fulfils_nothing() -> None:
    number, word = Column("n", np.array([1.0, 5.0, np.nan])), Column("w", np.array(["a", "b", ""]))
    for condition, column, expected in (
        (Condition("n", ">", 2.0), number, [False, True, False]),
        (Condition("n", ">", 2.0).opposite, number, [True, False, False]),
        (Condition("w", "=", "a"), word, [True, False, False]),
        (Condition("w", "=", "a").opposite, word, [False, True, False]),
    ):
        assert condition.holds(column).tolist() == expected
    both = holds((Condition("n", "≤", 9.0), Condition("w", "≠", "a")), {"n": number, "w": word}, 3)
    assert both.tolist() == [False, True, False]


def test_thresholds_of_angles_are_multiples_of_five_and_others_have_few_digits() -> None:
    rng = np.random.RandomState(0)
    columns = [Column("pitch", rng.normal(0, 10, 500), "°"), Column("noise", rng.normal(8, 1, 500))]
    offered = list(candidates(columns))
    angles = [c.value for c in offered if c.column == "pitch"]
    assert {value % 5 for value in angles} == {0}
    others = np.array([c.value for c in offered if c.column == "noise"])
    assert 15 <= len(others) <= 19
    assert (others.round(1) == others).all()
    assert np.abs(np.quantile(columns[1].values, 0.5) - others).min() < 0.06


def test_numbers_words_and_flags_of_labels(tmp_path) -> None:
    table, images = faces(np.random.RandomState(0), 3, 4)
    run = write_sliced(tmp_path / "run", table, images, {"a": scores(np.random.RandomState(0), 3, 4)})
    index = run.properties.index
    columns = {"age": range(12), "flag": [0, 1] * 6, "word": ["a", "", "b"] * 4, "mixed": [1, "x", 3, ""] * 3}
    labels = {name: {i: str(v) for i, v in zip(index, values, strict=True)} for name, values in columns.items()}
    found, left_out = columns_of(run, index, labels)
    by_name = {column.name: column for column in found}
    assert by_name["age"].values.dtype.kind == "f"
    assert set(by_name["flag"].values) == {"0", "1"}
    assert set(by_name["word"].values) == {"a", "", "b"}
    assert set(by_name["mixed"].values) == {"1", "x", "3", ""}
    np.testing.assert_allclose(by_name["|yaw|"].values, np.abs(table["yaw"]))
    assert by_name["|yaw|"].unit == "°"
    assert left_out == ["lr_size (the same everywhere)"]


@pytest.mark.parametrize("value", [np.inf, "1e999"])
def test_labels_beyond_all_numbers_are_words_or_split_nothing(tmp_path, value) -> None:
    table, images = faces(np.random.RandomState(0), 3, 4)
    run = write_sliced(tmp_path / "run", table, images, {"a": scores(np.random.RandomState(0), 3, 4)})
    names = run.properties.index
    labels = {"age": {i: str(v) for i, v in zip(names, [value, *range(11)], strict=True)}}
    found, _ = columns_of(run, run.properties.index, labels)
    age = next(column for column in found if column.name == "age")
    assert list(candidates([age]))


def test_whether_a_value_is_known_is_a_column_of_its_own(tmp_path) -> None:
    """Of images with JPEG those of better quality are better; all are worse than those without."""
    rng = np.random.RandomState(0)
    table, images = faces(rng, 60, 4)
    drawn = rng.rand(len(table)) < 0.5
    quality = rng.uniform(50, 95, len(table))
    degraded = {
        image: {"jpeg_quality": float(q)} if has else {}
        for image, q, has in zip(table["image"], quality, drawn, strict=True)
    }
    psnr = scores(rng, 60, 4) - drawn * (5 - (quality - 50) / 45)
    run = write_sliced(tmp_path / "run", table, images, {"a": psnr}, degraded=degraded)
    found = columns_of(run, run.properties.index)[0]
    known = [column for column in found if column.name == "drawn jpeg_quality known"]
    assert [column.values.tolist() for column in known] == [np.where(drawn, "yes", "no").tolist()]
    assert [column.name for column in found if column.name.endswith(" known")] == ["drawn jpeg_quality known"]
    first = next(each for each in find_slices(run).slices if each.confirmed)
    assert first.text == "drawn jpeg_quality known = yes"
