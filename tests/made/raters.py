"""Simulated raters: what a study's page would save for people who judge by known strengths, or click at random."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fsrbench.study.answers import CHOICES
from fsrbench.study.design import BOTTOM, TOP
from fsrbench.study.key import Key

NAMES = tuple(CHOICES)


def davidson(difference: np.ndarray | float, tie: float) -> np.ndarray:
    """N,3 probabilities of left, right and no difference, from differences of log-strengths; Davidson 1970."""
    half = np.asarray(difference, dtype=float) / 2
    weights = np.stack([np.exp(half), np.exp(-half), np.full_like(half, np.exp(tie))], axis=-1)
    return weights / weights.sum(axis=-1, keepdims=True)


def answers_of(
    key: Key,
    name: str,
    log_strengths: Sequence[float],
    random: np.random.Generator,
    tie: float = -0.5,
    block: int = 0,
    clicks: bool = False,
    of_image: np.ndarray | None = None,
    own: float = 0.0,
    only: int | None = None,
) -> dict[str, Any]:
    """One rater's file.

    Args:
        key: the study's.
        name: the rater's.
        log_strengths: of the methods; HR is 6 above, bicubic 6 below.
        random: where choices come from.
        tie: Davidson's log v.
        block: which is shown.
        clicks: left or right at random instead.
        of_image: I,M: what each image adds to the strengths.
        own: standard deviation of the rater's own taste for each method.
        only: how many pairs are answered.
    """
    taste = random.normal(0, own, len(key.methods)) if own else np.zeros(len(key.methods))

    def strength(image: int, what: int) -> float:
        if what in (TOP, BOTTOM):
            return 6.0 if what == TOP else -6.0
        return log_strengths[what] + taste[what] + (0.0 if of_image is None else float(of_image[image, what]))

    trials = [number for chunks in key.blocks[block] for chunk in chunks for number in chunk][:only]
    shown = [key.trial[number] for number in trials]
    difference = np.array([strength(t.image, t.left) - strength(t.image, t.right) for t in shown])
    chances = np.tile([0.5, 0.5, 0.0], (len(shown), 1)) if clicks else davidson(difference, tie)
    drawn = (random.random(len(shown))[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    given = [
        {"trial": number, "choice": NAMES[choice], "ms": 1500.0} for number, choice in zip(trials, drawn, strict=True)
    ]
    whole = len(given) == sum(len(chunk) for chunks in key.blocks[block] for chunk in chunks)
    head = {"schema_version": 1, "kind": "fsrbench study answers", "study": key.study, "rater": name, "block": block}
    return head | {"complete": whole, "side": 256, "pixel_ratio": 1, "answers": given}


def write_raters(
    folder: Path, key: Key, count: int, log_strengths: Sequence[float], seed: int = 0, **more: Any
) -> None:
    """Write the files of several raters, each in the next block."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    clicks = more.get("clicks", False)
    for number in range(count):
        name = f"{'random' if clicks else 'rater'} {number + 1}"
        found = answers_of(key, name, log_strengths, random, block=number % len(key.blocks), **more)
        (folder / f"answers-{name.replace(' ', '-')}.json").write_text(json.dumps(found))
