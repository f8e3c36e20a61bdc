"""Which pictures verification compares: folds, self pairs, labelled pairs and those of a list."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from made.people import GROUPS

from fsrbench.datasets.pairs import ListedPair
from fsrbench.errors import Invalid
from fsrbench.metrics.pairing import FOLDS, MATES, assign_folds, labelled_pairs, listed_pairs, self_pairs
from fsrbench.stats.intervals import mean_interval
from fsrbench.stats.seeds import MOST_SEED

FEW_GROUPS = [f"id{i:02}" for i in range(24) for _ in range(1 + i % 3)]
makers = pytest.mark.parametrize("make", [self_pairs, labelled_pairs], ids=lambda make: make.__name__)


def test_folds_part_identities_evenly():
    fold = assign_folds(FEW_GROUPS, seed=0)
    folds_of = {g: {f for h, f in zip(FEW_GROUPS, fold, strict=True) if h == g} for g in FEW_GROUPS}
    assert all(len(folds) == 1 for folds in folds_of.values())
    assert set(Counter(next(iter(f)) for f in folds_of.values()).values()) == {2, 3}
    assert set(fold) == set(range(FOLDS))


def test_folds_depend_on_the_seed_and_not_on_the_order():
    fold = dict(zip(FEW_GROUPS, assign_folds(FEW_GROUPS, seed=3), strict=True))
    shuffled = list(np.random.RandomState(0).permutation(FEW_GROUPS))
    assert dict(zip(shuffled, assign_folds(shuffled, seed=3), strict=True)) == fold
    assert dict(zip(FEW_GROUPS, assign_folds(FEW_GROUPS, seed=4), strict=True)) != fold


@makers
def test_the_largest_seed_draws(make):
    assert make(GROUPS, MOST_SEED).genuine.any()
    assert np.isfinite(mean_interval(np.arange(9.0), MOST_SEED)).all()


@makers
def test_pairs(make):
    names = np.array(GROUPS)
    pairs = make(GROUPS, seed=0)
    same = names[pairs.probe] == names[pairs.gallery]
    assert (same == pairs.genuine).all()
    genuine, impostor = (Counter(pairs.probe[pairs.genuine == kind]) for kind in (True, False))
    assert genuine == impostor
    fold_of = dict(zip(names[pairs.probe], pairs.fold, strict=True))
    assert all(fold_of[g] == f for g, f in zip(names[pairs.gallery], pairs.fold, strict=True))
    assert set(pairs.fold) == set(range(FOLDS))


@makers
def test_pairs_are_drawn_by_seed(make):
    first, again, other = make(GROUPS, seed=1), make(GROUPS, seed=1), make(GROUPS, seed=2)
    assert (first.gallery == again.gallery).all()
    assert first.gallery.shape != other.gallery.shape or (first.gallery != other.gallery).any()


def test_self_pairs_are_each_image_with_its_own_hr():
    pairs = self_pairs(GROUPS, seed=0)
    count = len(GROUPS)
    assert pairs.probe[pairs.genuine].tolist() == pairs.gallery[pairs.genuine].tolist() == list(range(count))


def test_labelled_pairs_never_pair_a_picture_with_itself_and_leave_single_pictures_out():
    pairs = labelled_pairs(GROUPS, seed=0)
    assert (pairs.probe != pairs.gallery).all()
    pictures = Counter(GROUPS)
    taking_part = {i for i, g in enumerate(GROUPS) if pictures[g] > 1}
    assert set(pairs.probe) == taking_part
    assert set(pairs.gallery) <= taking_part


def test_labelled_pairs_of_a_much_photographed_person_are_bounded():
    groups = ["star"] * 40 + [f"id{i}" for i in range(20) for _ in range(2)]
    pairs = labelled_pairs(groups, seed=0)
    genuine = pairs.probe[pairs.genuine]
    assert Counter(genuine)[0] == MATES
    chosen = pairs.gallery[pairs.genuine][genuine == 0]
    assert len(set(chosen)) == MATES


@pytest.mark.parametrize(
    ("make", "groups", "reason"),
    [
        (self_pairs, [f"id{i}" for i in range(19)] * 3, "needs at least 20 identities for ten folds, not 19"),
        (labelled_pairs, [str(i) for i in range(90)] + ["0", "1"], "20 identities with several pictures .* not 2"),
    ],
)
def test_too_few_identities(make, groups, reason):
    with pytest.raises(Invalid, match=reason):
        make(groups, seed=0)


# --- listed pairs

IDS = ["ann/1", "ann/2", "bob/1", "bob/2"]
LISTED = (
    ListedPair("ann/1", "ann/2", True, 0),
    ListedPair("ann/2", "bob/1", False, 0),
    ListedPair("bob/1", "bob/2", True, 1),
    ListedPair("bob/2", "ann/1", False, 1),
    ListedPair("bob/1", "carl/7", False, 1),
)


@pytest.mark.parametrize("above", ["", "lfw/", "deep/er/"])
def test_listed_pairs_are_those_whose_images_exist(above):
    pairs = listed_pairs(LISTED, [above + i for i in IDS])
    assert pairs.probe.tolist() == [0, 1, 2, 3]
    assert pairs.gallery.tolist() == [1, 2, 3, 0]
    assert pairs.genuine.tolist() == [True, False, True, False]
    assert pairs.fold.tolist() == [0, 0, 1, 1]


def test_images_that_the_list_cannot_tell_apart_are_refused():
    with pytest.raises(Invalid, match="cannot distinguish b/ann/1 from a/ann/1"):
        listed_pairs(LISTED, ["a/ann/1", "b/ann/1", *IDS])


@pytest.mark.parametrize(
    ("ids", "fold"), [(["ann/1", "ann/2", "bob/1"], 2), (["bob/1", "bob/2", "ann/1"], 1), (["zoe/1"], 1), (["1"], 1)]
)
def test_a_fold_without_both_kinds_of_pairs_is_refused(ids, fold):
    with pytest.raises(Invalid, match=f"fold {fold} of the pairs file has no genuine pair or no impostor"):
        listed_pairs(LISTED, ids)
