"""Which pictures face verification compares, and in which fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fsrbench.datasets.pairs import ListedPair
from fsrbench.errors import Invalid

FOLDS = 10
MATES = 4
"""Most genuine pairs per picture in labelled verification: one much-photographed person must not outweigh all."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Verification pairs: SR image ``probe`` against HR (or SR) image ``gallery``, row numbers."""

    probe: np.ndarray
    gallery: np.ndarray
    genuine: np.ndarray
    fold: np.ndarray


def assign_folds(groups: list[str], seed: int) -> np.ndarray:
    """A fold 0..9 for each image; images of one group (identity) share it."""
    names = sorted(set(groups))
    order = np.random.RandomState(seed).permutation(len(names))
    fold_of = {names[i]: rank % FOLDS for rank, i in enumerate(order)}
    return np.array([fold_of[g] for g in groups])


def self_pairs(groups: list[str], seed: int) -> Pairs:
    """Genuine: SR_i and HR_i. Impostor: SR_i and the HR of an image of another identity in the same fold."""
    _check_identities(groups, "identities")
    rows = np.arange(len(groups))
    return _with_impostors(rows, rows, groups, seed)


def labelled_pairs(groups: list[str], seed: int) -> Pairs:
    """Genuine: SR_i and the HR of up to MATES other pictures of its identity. Impostor: as many for each SR_i.

    Identities with a single picture are left out.
    """
    _, number, pictures = np.unique(groups, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(pictures[number] > 1)
    _check_identities([groups[i] for i in rows], "identities with several pictures")
    rng = np.random.RandomState(seed + 2)
    probe, gallery = [], []
    for i in rows:
        mates = np.flatnonzero((number == number[i]) & (np.arange(len(groups)) != i))
        chosen = rng.choice(mates, size=MATES, replace=False) if len(mates) > MATES else mates
        probe.append(np.full(len(chosen), i))
        gallery.append(chosen)
    return _with_impostors(np.concatenate(probe), np.concatenate(gallery), groups, seed)


def _check_identities(groups: list[str], what: str) -> None:
    found, needed = len(set(groups)), 2 * FOLDS  # two per fold: each picture needs an impostor in its fold
    if found < needed:
        raise Invalid(f"needs at least {needed} {what} for ten folds, not {found}")


def _with_impostors(probe: np.ndarray, gallery: np.ndarray, groups: list[str], seed: int) -> Pairs:
    rng = np.random.RandomState(seed + 1)
    taking_part = np.unique(probe)
    number = np.unique(groups, return_inverse=True)[1]
    fold = np.full(len(groups), -1)
    fold[taking_part] = assign_folds([groups[i] for i in taking_part], seed)
    others = []
    for i, count in zip(*np.unique(probe, return_counts=True), strict=True):
        candidates = np.flatnonzero((fold == fold[i]) & (number != number[i]))
        others.append(rng.choice(candidates, size=count, replace=count > len(candidates)))
    return Pairs(
        probe=np.concatenate([probe, probe]),
        gallery=np.concatenate([gallery, *others]),
        genuine=np.repeat([True, False], len(probe)),
        fold=np.concatenate([fold[probe], fold[probe]]),
    )


def listed_pairs(listed: Sequence[ListedPair], ids: Sequence[str]) -> Pairs:
    """The pairs of a file of which both images are available; ids may have a parent folder that the list omits.

    Raises:
        Invalid: a fold has no genuine pair or no impostor left, or two images have the same name in the list.
    """
    row_of: dict[str, int] = {}
    for row, image in enumerate(ids):
        short = "/".join(image.split("/")[-2:])
        if short in row_of:
            raise Invalid(f"a pairs file cannot distinguish {image} from {ids[row_of[short]]}")
        row_of[short] = row
    usable = [pair for pair in listed if pair.first in row_of and pair.second in row_of]
    for fold in sorted({pair.fold for pair in listed}):
        if {pair.genuine for pair in usable if pair.fold == fold} != {True, False}:
            raise Invalid(f"fold {fold + 1} of the pairs file has no genuine pair or no impostor among these images")
    return Pairs(
        probe=np.array([row_of[pair.first] for pair in usable]),
        gallery=np.array([row_of[pair.second] for pair in usable]),
        genuine=np.array([pair.genuine for pair in usable]),
        fold=np.array([pair.fold for pair in usable]),
    )
