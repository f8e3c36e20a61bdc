"""Pairs, images and sides are balanced, within a rater's block and over all blocks."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from fsrbench.study.design import BOTTOM, CATCHES, CHUNKS, TOP, Design, Trial, make_design

SIZES = [(2, 6, 12), (3, 24, 30), (4, 24, 30), (5, 12, 20), (6, 20, 30)]


def trials(design: Design, block: int | None = None, question: int = 0) -> list[Trial]:
    """Of one question, without catch pairs and repeats."""
    blocks = design.blocks if block is None else design.blocks[block : block + 1]
    shown = (design.trials[number] for found in blocks for chunk in found[question] for number in chunk)
    return [trial for trial in shown if not trial.catch and trial.repeats is None]


def apart(counted: Counter) -> int:  # type: ignore[type-arg]
    return max(counted.values()) - min(counted.values())


@pytest.mark.parametrize(("methods", "images", "pairs"), SIZES)
def test_every_pair_is_asked_equally_often_in_each_block(methods: int, images: int, pairs: int) -> None:
    design = make_design(methods, images, 2, pairs)
    for block in range(len(design.blocks)):
        for question in range(2):
            asked = trials(design, block, question)
            assert len(asked) == pairs
            counted = Counter(frozenset((t.left, t.right)) for t in asked)
            assert max(counted.values()) - pairs // (methods * (methods - 1) // 2) <= 1


@pytest.mark.parametrize(("methods", "images", "pairs"), SIZES)
def test_over_all_blocks_pairs_images_cells_and_sides_are_even(methods: int, images: int, pairs: int) -> None:
    asked = trials(make_design(methods, images, 2, pairs))
    assert apart(Counter(frozenset((t.left, t.right)) for t in asked)) <= 1
    cells = Counter((t.image, frozenset((t.left, t.right))) for t in asked)
    assert len(cells) == images * methods * (methods - 1) // 2
    assert apart(cells) <= 2
    left, right = Counter(t.left for t in asked), Counter(t.right for t in asked)
    assert all(abs(left[m] - right[m]) <= 1 for m in range(methods))
    seen = Counter((t.image, t.left, t.right) for t in asked)
    assert len(seen) == images * methods * (methods - 1)  # each on both sides


def test_questions_ask_the_same_pairs_with_sides_changed() -> None:
    design = make_design(4, 10, 2, 12)
    first, second = trials(design, 1, 0), trials(design, 1, 1)
    assert [(t.image, t.left, t.right) for t in first] == [(t.image, t.right, t.left) for t in second]


def test_repeats_are_two_chunks_later_with_sides_changed_and_catches_in_each_chunk() -> None:
    design = make_design(3, 10, 2, 12, repeats=4)
    for block in design.blocks:
        for chunks in block:
            where = {number: place for place, chunk in enumerate(chunks) for number in chunk}
            again = [number for number in where if design.trials[number].repeats is not None]
            assert len(again) == 4
            for number in again:
                trial = design.trials[number]
                assert trial.repeats is not None
                once = design.trials[trial.repeats]
                assert where[number] == where[trial.repeats] + CHUNKS // 2
                assert (once.image, once.left, once.right) == (trial.image, trial.right, trial.left)
            for chunk in chunks:
                assert sum(design.trials[number].catch for number in chunk) == 1


def test_catch_pairs_are_hr_and_bicubic_on_both_sides() -> None:
    design = make_design(3, 10, 1, 12)
    catches = [trial for trial in design.trials if trial.catch]
    assert {(t.left, t.right) for t in catches} == {(TOP, BOTTOM), (BOTTOM, TOP)}
    assert len(catches) == CATCHES * len(design.blocks)
    assert abs(sum(t.left == TOP for t in catches) * 2 - len(catches)) <= len(design.blocks)
    assert len({t.image for t in catches}) > 5


def test_seed_decides_and_the_same_seed_gives_the_same() -> None:
    assert make_design(4, 10, 2, 12, seed=3) == make_design(4, 10, 2, 12, seed=3)
    assert make_design(4, 10, 2, 12, seed=3) != make_design(4, 10, 2, 12, seed=4)


def test_neighbouring_blocks_show_other_images_of_a_pair() -> None:
    design = make_design(3, 30, 1, 9)
    cells = [{(t.image, frozenset((t.left, t.right))) for t in trials(design, block)} for block in range(10)]
    assert all(not one & other for one, other in pairwise(cells))


def test_fewer_pairs_than_chunks() -> None:
    assert len(trials(make_design(2, 3, 1, 1), 0)) == 1
