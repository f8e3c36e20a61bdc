"""Results of a unit, and of all units of a method; features stay in the store until they are needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fsrbench.engine.plan import Unit
from fsrbench.files.arrays import PART, join
from fsrbench.metrics.extractors.base import Features

ReadFeatures = Callable[[str], Features]
"""Reads the features stored under a key."""


@dataclass(eq=False)
class UnitResult:
    """Scores and features of one method on the images of one shard."""

    unit: Unit
    ids: list[str]
    """Images that have a picture, in order; arrays have a row for each that is not ``unscored``."""
    unusable: dict[str, str]
    """Images of the data that cannot be used, and why."""
    problems: dict[str, str]
    """Images that this method failed on, and why."""
    clipped: int = 0
    equal: int = 0
    """Images on which the method's picture is the HR picture, pixel for pixel."""
    scores: dict[str, np.ndarray] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    """Key of each extractor's features in the store: they may be too large to pass around."""
    failed: dict[str, str] = field(default_factory=dict)
    """Metrics and extractors that raised, and the error."""
    changed: tuple[str, ...] = ()
    """Global state of the process that the method changed; it was restored."""
    unscored: dict[str, dict[str, str]] = field(default_factory=dict)
    """By metric and by extractor: images that it failed on, and why; arrays have no row for them."""
    behaviour: str = ""
    """Warning about the method; see :mod:`fsrbench.engine.behaviour`."""
    stored_at: str = ""
    """Key of the method's pictures in the store; empty for HR, and if the method could not even be loaded."""
    measured: dict[str, np.ndarray] = field(default_factory=dict)
    """Measurements of :mod:`fsrbench.checks`: one row for each of ``ids``."""
    made_key: str = ""
    """Key of the pictures actually made, see :meth:`fsrbench.engine.unit_pictures.UnitPictures.made_key`."""


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
    """Keys of the features of each extractor, shard by shard."""
    failed: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    unscored: dict[str, dict[str, str]] = field(default_factory=dict)
    """By metric and by extractor: images that it failed on, and why."""
    behaviour: str = ""
    """Warning about the method; see :mod:`fsrbench.engine.behaviour`."""
    stored_at: dict[int, str] = field(default_factory=dict)
    """Keys of the method's pictures in the store, by the number of the shard; see :class:`UnitResult`."""
    made_keys: dict[int, str] = field(default_factory=dict)
    """Keys of the pictures actually made, by the number of the shard."""
    measured: dict[str, list[np.ndarray]] = field(default_factory=dict)
    """Measurements of :mod:`fsrbench.checks`, shard by shard."""

    def joined(self) -> dict[str, np.ndarray]:
        """:attr:`measured` of all shards, one row for each of ``ids``."""
        return {name: np.concatenate(arrays) for name, arrays in self.measured.items()}

    def ids_with(self, extractor: str) -> list[str]:
        """The images that have an extractor's features, in the order of the rows."""
        unscored = self.unscored.get(extractor, {})
        return [image for image in self.ids if image not in unscored]

    @property
    def images(self) -> int:
        """Number of images the method was given, including those it failed on."""
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
        self.stored_at[result.unit.shard.index] = result.stored_at
        self.made_keys[result.unit.shard.index] = result.made_key
        for name, images in result.unscored.items():
            self.unscored.setdefault(name, {}).update(images)
        for name, rows in result.measured.items():
            self.measured.setdefault(name, []).append(rows)
        for metric, values in result.scores.items():
            self.scores.setdefault(metric, []).append(values)
        for extractor, key in result.features.items():
            self.features.setdefault(extractor, []).append(key)


class FeatureReader:
    """Joins the stored features of all shards; caches the most recently used.

    Args:
        read: reads the features of a shard.
        folder: for features of more images than memory should hold.
    """

    CACHED = 4
    """Features of a method, HR, LR and the reference set."""

    def __init__(self, read: ReadFeatures, folder: Path) -> None:
        self._read, self._folder = read, folder
        self._joined: dict[tuple[str, ...], dict[str, np.ndarray]] = {}

    def all(self, results: MethodResults, extractor: str) -> Mapping[str, np.ndarray]:
        """One extractor's features of all images of a method."""
        keys = tuple(results.features[extractor])
        joined = self._joined.pop(keys, None) or join(map(self._read, keys), self._folder)
        while len(self._joined) >= self.CACHED:
            self._joined.pop(next(iter(self._joined)))  # the least recently used
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
