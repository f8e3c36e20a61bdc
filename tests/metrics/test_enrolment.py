"""Who is enrolled, looked for, or a stranger, with roles and without."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.errors import Invalid
from fsrbench.metrics.enrolment import closed_set, open_set

PEOPLE = ["ann", "ann", "bob", "cid", "cid", "cid", "dan", "eve", "fay"]


def test_the_first_picture_of_everybody_is_enrolled() -> None:
    found = closed_set(PEOPLE, [])
    assert found.gallery.tolist() == [0, 2, 3, 6, 7, 8]
    assert found.mated.tolist() == [1, 4, 5]
    assert str(found) == "gallery of 2 people and 4 pictures of others; 3 probes"


def test_half_of_the_people_with_one_picture_are_unmated_probes_by_the_seed() -> None:
    drawn = {tuple(open_set(PEOPLE, [], seed).unmated.tolist()) for seed in range(20)}
    assert open_set(PEOPLE, [], 3).unmated.tolist() == open_set(PEOPLE, [], 3).unmated.tolist()
    assert all(len(rows) == 2 and set(rows) <= {2, 6, 7, 8} for rows in drawn)
    assert len(drawn) > 3
    found = open_set(PEOPLE, [], 0)
    assert set(found.gallery) | set(found.unmated) == {0, 2, 3, 6, 7, 8}
    assert set(found.gallery).isdisjoint(found.unmated)


def test_roles_decide_and_distractors_show_nobody() -> None:
    roles = ["gallery", "probe", "probe", "distractor", "gallery", "probe"]
    people = ["ann", "ann", "zoe", "ann", "bob", "image x"]
    found = closed_set(people, roles)
    assert found.gallery.tolist() == [0, 3, 4]
    assert found.mated.tolist() == [1]
    assert found.unmated.tolist() == [2, 5]
    assert found.person[3] == -1


def test_nobody_to_find_is_refused() -> None:
    with pytest.raises(Invalid, match="no probe shows anybody in the gallery"):
        closed_set(["ann", "bob"], ["gallery", "probe"])
    with pytest.raises(Invalid, match="none of the images is a probe; --limit"):
        closed_set(["ann", "bob"], ["gallery", "distractor"])
    with pytest.raises(Invalid, match="none of the images is in the gallery; --limit"):
        closed_set(["ann", "bob"], ["distractor", "probe"])
    with pytest.raises(Invalid, match="people who are not in the gallery"):
        open_set(["ann", "ann", "bob", "bob"], [], 0)
    assert isinstance(open_set(PEOPLE, [], 0).person, np.ndarray)


def test_one_of_a_kind_is_singular() -> None:
    assert str(closed_set(["ann", "ann", "bob"], [])) == "gallery of 1 person and 1 picture of others; 1 probe"
