"""Ranks and scores of face identification from descriptors, in blocks: matrix products in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK_NUMBERS = 2**25
"""Scores held at once: 128 MiB."""


def unit_rows(descriptors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Some rows at unit length, float32, computed in parts: descriptors may be in a file larger than memory."""
    result = np.empty((len(rows), descriptors.shape[1]), np.float32)
    for start in range(0, len(rows), 8192):
        part = np.asarray(descriptors[rows[start : start + 8192]], dtype=np.float64)
        result[start : start + len(part)] = part / np.linalg.norm(part, axis=1, keepdims=True).clip(1e-12)
    return result


def score_blocks(probes: np.ndarray, gallery: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Inner products of the probes with the whole gallery, in blocks of probes.

    Args:
        probes: P,D.
        gallery: G,D.

    Yields:
        Which probes, and B,G scores, which the next block overwrites.
    """
    rows = max(1, min(len(probes), BLOCK_NUMBERS // max(1, len(gallery))))
    memory = np.empty((rows, len(gallery)), np.result_type(probes, gallery))
    for start in range(0, len(probes), rows):
        part = slice(start, min(start + rows, len(probes)))
        yield part, np.matmul(probes[part], gallery.T, out=memory[: part.stop - start])


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of the mates of each of P probes in the gallery."""

    best: np.ndarray
    """Rank of the nearest mate, from 1."""
    precision: np.ndarray
    """Average precision of all mates, see :func:`average_precision`."""


def mate_ranks(probes: np.ndarray, gallery: np.ndarray, wanted: np.ndarray, shown: np.ndarray) -> Ranks:
    """Rank the gallery for each probe by the inner product; in ties others come before mates.

    Args:
        probes: P,D.
        gallery: G,D.
        wanted: the person on each probe; each is in the gallery.
        shown: the person on each picture of the gallery.

    Example:
        >>> gallery = np.array([[1.0, 0], [0.8, 0.6], [0, 1]])
        >>> mate_ranks(np.array([[0.6, 0.8]]), gallery, np.array([7]), np.array([5, 6, 7])).best
        array([2])
    """
    order = np.argsort(shown, kind="stable")
    first = np.searchsorted(shown[order], wanted, "left")
    last = np.searchsorted(shown[order], wanted, "right")
    best, precision = np.empty(len(probes), np.int64), np.empty(len(probes))
    for part, scores in score_blocks(probes, gallery):
        for row, probe in enumerate(range(part.start, part.stop)):
            ranks = _ranks_of(scores[row], order[first[probe] : last[probe]])
            best[probe], precision[probe] = ranks[0], average_precision(ranks)
    return Ranks(best, precision)


def _ranks_of(scores: np.ndarray, mates: np.ndarray) -> np.ndarray:
    """Ranks of the mates, rising, in one probe's scores."""
    own = np.sort(scores[mates])[::-1]
    ahead = np.array([np.count_nonzero(scores >= score) for score in own])
    among = np.searchsorted(-own, -own, "right")  # mates whose score is no lower
    ranks: np.ndarray = ahead - among + np.arange(1, len(own) + 1)
    return ranks


def average_precision(ranks: np.ndarray) -> float:
    """Area under precision over recall by the trapezoidal rule, as TinyFace's ``compute_AP`` has it.

    At the k-th of m mates, of rank r, recall grows by 1/m; its precision is the mean of k/r and, before it,
    (k - 1)/(r - 1), or 1 at rank 1.

    Args:
        ranks: of all m mates, rising, from 1.

    Example:
        >>> average_precision(np.array([1, 2])), round(average_precision(np.array([2])), 3)
        (1.0, 0.25)
    """
    found = np.arange(1, len(ranks) + 1)
    before = np.where(ranks > 1, (found - 1) / np.maximum(ranks - 1, 1), 1.0)
    return float(((found / ranks + before) / 2).mean())


def templates(descriptors: np.ndarray, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One descriptor per person: the mean of their descriptors, at unit length.

    Args:
        descriptors: N,D of unit length.
        people: the person on each; each one below 0 is another person.

    Returns:
        G,D float32 and the G people.
    """
    labels = np.where(people < 0, people.max(initial=0) + 1 + np.arange(len(people)), people)
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    order = np.argsort(number, kind="stable")
    starts = np.searchsorted(number[order], np.arange(len(first)))
    sums = np.add.reduceat(descriptors[order], starts, axis=0, dtype=np.float64)
    return unit_rows(sums, np.arange(len(sums))), people[first]


@dataclass(frozen=True, eq=False)
class OpenScores:
    """The scores that open-set identification reads."""

    mate: np.ndarray
    """Score of each mated probe with its own template."""
    rank: np.ndarray
    """Rank of that template, from 1."""
    best_of_unmated: np.ndarray
    """Highest score of each unmated probe."""


def open_scores(
    mated: np.ndarray, wanted: np.ndarray, unmated: np.ndarray, gallery: np.ndarray, shown: np.ndarray
) -> OpenScores:
    """Score probes against templates by the inner product; in ties others come before the mate.

    Args:
        mated: P,D, probes of enrolled people.
        wanted: the person on each of them.
        unmated: U,D, probes of others.
        gallery: G,D, the templates.
        shown: the person of each.
    """
    order = np.argsort(shown, kind="stable")
    own_template = order[np.searchsorted(shown[order], wanted)]
    mate, rank = np.empty(len(mated)), np.empty(len(mated), np.int64)
    for part, scores in score_blocks(mated, gallery):
        score = scores[np.arange(len(scores)), own_template[part]]
        mate[part], rank[part] = score, (scores >= score[:, None]).sum(axis=1)
    best = np.empty(len(unmated))
    for part, scores in score_blocks(unmated, gallery):
        best[part] = scores.max(axis=1)
    return OpenScores(mate, rank, best)
