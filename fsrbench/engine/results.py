"""What the units of one method gave, put together; features stay in the store until they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fsrbench.engine.worker import UnitResult
from fsrbench.files.arrays import PART, join
from fsrbench.metrics.extractors.base import Features

ReadFeatures = Callable[[str], Features]
"""Gives the features that lie under a key."""


@dataclass(eq=False)
class MethodResults:
    """All shards of one method."""

    ids: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    clipped: int = 0
    equal: int = 0
    """Images whose picture is the HR picture itself."""
    scores: dict[str, list[np.ndarray]] = field(default_factory=dict)
    features: dict[str, list[str]] = field(default_factory=dict)
    """Where the features of each extractor are stored, shard by shard."""
    failed: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    unscored: dict[str, dict[str, str]] = field(default_factory=dict)
    """By metric and by extractor: images that it failed on, and why."""
    behaviour: str = ""
    """What is odd about the method's pictures; empty where nothing is."""

    def ids_with(self, extractor: str) -> list[str]:
        """The images that there are an extractor's features of, in the order of their rows."""
        lost = self.unscored.get(extractor, {})
        return [image for image in self.ids if image not in lost]

    @property
    def images(self) -> int:
        """How many images it got, those that it failed on included."""
        return len(self.ids) + len(self.problems)

    def add(self, result: UnitResult) -> None:
        """Append the next shard."""
        self.ids += result.ids
        self.problems |= result.problems
        self.unusable |= result.unusable
        self.clipped += result.clipped
        self.equal += result.equal
        self.failed |= result.failed
        self.changed.update(result.changed)
        self.behaviour = self.behaviour or result.behaviour
        for name, images in result.unscored.items():
            self.unscored.setdefault(name, {}).update(images)
        for metric, values in result.scores.items():
            self.scores.setdefault(metric, []).append(values)
        for extractor, key in result.features.items():
            self.features.setdefault(extractor, []).append(key)


class FeatureReader:
    """Joins the stored features of all shards; keeps those of one extractor and few methods, which are used in a row.

    Args:
        read: gives the features of a shard.
        folder: has room for those of more images than memory should hold.
    """

    KEPT = 3
    """A method's, the HR images' and the reference set's."""

    def __init__(self, read: ReadFeatures, folder: Path) -> None:
        self._read, self._folder = read, folder
        self._joined: dict[tuple[str, ...], dict[str, np.ndarray]] = {}

    def all(self, results: MethodResults, extractor: str) -> Mapping[str, np.ndarray]:
        """One extractor's features of all images of a method."""
        keys = tuple(results.features[extractor])
        joined = self._joined.pop(keys, None) or join(map(self._read, keys), self._folder)
        while len(self._joined) >= self.KEPT:
            self._joined.pop(next(iter(self._joined)))  # the one that was used longest ago
        self._joined[keys] = joined
        return joined

    def some(self, results: MethodResults, extractor: str, ids: Sequence[str]) -> Mapping[str, np.ndarray]:
        """One extractor's features of some images of a method, in the order of ``ids``."""
        everything = self.all(results, extractor)
        known = results.ids_with(extractor)
        if list(ids) == known:
            return everything
        row_of = {image: row for row, image in enumerate(known)}
        chosen = np.array([row_of[image] for image in ids])
        starts = range(0, len(chosen), PART)
        parts = ({name: array[chosen[i : i + PART]] for name, array in everything.items()} for i in starts)
        return join(parts, self._folder)
