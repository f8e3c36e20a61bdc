"""Which pairs of pictures each rater sees: a balanced incomplete design.

A rater cannot see every pair of methods on every image. One long list is laid out in which the pair of methods changes
from entry to entry, and the image from one round of all pairs to the next, shifted by the pair (a cyclic Latin square);
each block takes the next part of it. So within a block, and over blocks, every pair of methods is asked equally often
to within one; over all blocks the same holds for images, and every method is left and right equally often. An adaptive
design would ask more about close methods, but needs a server that collects answers as they come; here nothing leaves
the rater's browser, and with all pairs asked equally often a method's number is its share of wins, whatever model is
true.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np

from fsrbench.study.bradley_terry import pairs_of

CHUNKS: Final = 4
"""Parts of a block for each question: one catch pair in each, and repeats two chunks after the first time."""
CATCHES: Final = CHUNKS
"""Catch pairs of a rater for each question."""
MOST_BLOCKS: Final = 400
"""With more raters, blocks are used again."""
TOP, BOTTOM = -1, -2
"""Used like a method: the two pictures of a catch pair, HR and bicubic."""


@dataclass(frozen=True)
class Trial:
    """One pair of pictures on the page."""

    question: int
    image: int
    left: int
    """A method, :data:`TOP` or :data:`BOTTOM`."""
    right: int
    repeats: int | None = None
    """The trial that this one repeats, with sides swapped."""

    @property
    def catch(self) -> bool:
        """Whether it is a catch pair."""
        return self.left < 0


@dataclass(frozen=True)
class Design:
    """All trials, and those of each block."""

    trials: tuple[Trial, ...]
    blocks: tuple[tuple[tuple[tuple[int, ...], ...], ...], ...]
    """By block, question and chunk: the trials, which are shuffled within a chunk for each rater."""


def make_design(
    methods: int, images: int, questions: int, pairs: int, repeats: int = CHUNKS, seed: int = 0, blocks: int = 0
) -> Design:
    """Lay out a study.

    Args:
        methods: M, at least two.
        images: n, at least one.
        questions: number of questions asked about each pair.
        pairs: of methods that a rater sees for each question, besides repeats and catch pairs.
        repeats: of those, how many are shown again; at most half.
        seed: for the order of methods, pairs and images, and for the sides.
        blocks: their number; by default enough to ask each pair of methods on each image on both sides.
    """
    if not blocks:
        cells = math.comb(methods, 2) * images
        blocks = min(MOST_BLOCKS, 2 * math.ceil(cells / pairs))
    layout = _Layout(methods, images, seed)
    trials: list[Trial] = []
    found = []
    for block in range(blocks):
        asked = [layout.cell(block * pairs + place) for place in range(pairs)]
        more = min(repeats, pairs // 2)
        found.append(tuple(_block(trials, layout, block, question, asked, more) for question in range(questions)))
    return Design(tuple(trials), tuple(found))


Cell = tuple[int, int, int]
"""Image, the method on the left, and the one on the right."""


class _Layout:
    """The long list of pairs on images."""

    def __init__(self, methods: int, images: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        name = random.permutation(methods).tolist()
        # On a circle, each method is left of the next half of the others: all are left equally often
        ahead = [(a, b) if (b - a) % methods <= methods // 2 else (b, a) for a, b in pairs_of(methods)]
        self.pairs = [(name[a], name[b]) for a, b in random.permutation(ahead).tolist()]
        self.images = random.permutation(images).tolist()
        self.catch_sides = random.integers(0, 2, 64).tolist()

    def cell(self, place: int) -> Cell:
        """The pair at a place; sides swap from round to round, and when all images have been shown."""
        round_, pair = divmod(place, len(self.pairs))
        again, shift = divmod(round_, len(self.images))
        image = self.images[(pair + round_) % len(self.images)]
        left, right = self.pairs[pair]
        # So each pair on an image is seen on both sides over all rounds, and sides are balanced in each block
        return (image, left, right) if (shift + again) % 2 == 0 else (image, right, left)

    def catch(self, block: int, question: int, chunk: int) -> Cell:
        """HR against bicubic on some image, half of the time on the left."""
        number = (2 * block + question) * CHUNKS + chunk
        image = self.images[(number * 7 + block) % len(self.images)]
        swap = (chunk + self.catch_sides[(2 * block + question) % len(self.catch_sides)]) % 2
        return (image, BOTTOM, TOP) if swap else (image, TOP, BOTTOM)


def _block(
    trials: list[Trial], layout: _Layout, block: int, question: int, asked: list[Cell], repeats: int
) -> tuple[tuple[int, ...], ...]:
    """The chunks of one question; appends its trials to ``trials``."""
    numbers = count(len(trials))
    chunks: list[list[int]] = [[] for _ in range(CHUNKS)]

    def add(chunk: int, trial: Trial) -> int:
        trials.append(trial)
        chunks[chunk].append(number := next(numbers))
        return number

    sides = [(image, *((a, b) if question % 2 == 0 else (b, a))) for image, a, b in asked]
    first = [add(place * CHUNKS // len(asked), Trial(question, *cell)) for place, cell in enumerate(sides)]
    for number in _spread(first[: len(first) // 2], repeats):
        once = trials[number]
        chunk = next(place for place, members in enumerate(chunks) if number in members)
        add(chunk + CHUNKS // 2, Trial(question, once.image, once.right, once.left, number))
    for chunk in range(CATCHES):
        add(chunk, Trial(question, *layout.catch(block, question, chunk)))
    return tuple(map(tuple, chunks))


def _spread(numbers: list[int], most: int) -> Iterator[int]:
    """Some of the numbers, evenly."""
    chosen = min(most, len(numbers))
    return (numbers[place * len(numbers) // chosen] for place in range(chosen))
