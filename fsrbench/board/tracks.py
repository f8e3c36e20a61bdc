"""Tracks: the newest result of each method on the same data, task, degradation and protocol, and their ranks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import pandas as pd

from fsrbench.board.composite import Composite
from fsrbench.board.ranks import Range, Ranking, rank_scores, rank_values
from fsrbench.board.submissions import Entry, Submission, stable_id, track_key
from fsrbench.bundle import schema
from fsrbench.runs import times
from fsrbench.runs.metric_info import MetricInfo, Result
from fsrbench.stats.corrections import COMMON_SHARE
from fsrbench.stats.intervals import people

FIRST: Final = ("psnr", "ssim", "niqe_face", "niqe")
"""The first of these metrics that is ranked gives a table its initial order. They need no trained network, so anybody
can recompute them exactly."""


@dataclass(frozen=True, eq=False)
class Column:
    """A metric of a track, measured in one way."""

    key: str
    """The metric's name, with a hash if the track has the metric by several protocols."""
    info: MetricInfo
    protocol: str
    results: Mapping[str, Result]
    """By method."""
    ranking: Ranking
    composite: Composite | None = None

    def range_of(self, method: str) -> Range | None:
        """The places that a method may have; ``None`` if it is not ranked."""
        return self.ranking.ranges.get(method)

    @property
    def ranked(self) -> int:
        """Number of ranked methods."""
        return len(self.ranking.ranges)


@dataclass(frozen=True, eq=False)
class BoardTrack:
    """A table of the board."""

    id: str
    track: schema.Track
    entries: Mapping[str, Entry]
    """The newest entry of each method, by the method's id."""
    older: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    """Earlier entries, newest first."""
    scores: tuple[Composite, ...] = ()
    """Formulas, shown if the track has all their parts."""

    @cached_property
    def columns(self) -> list[Column]:
        """Metrics of quality and size, then composite scores."""
        found = [self._column(*each) for each in self._measured(timed=False)]
        by_name = {column.key: column for column in found if column.key == column.info.name}
        made = [_composite(score, by_name) for score in self.scores if set(score.parts) <= by_name.keys()]
        return found + [column for column in made if column.results]

    @cached_property
    def speeds(self) -> dict[str, list[Column]]:
        """Times by machine: those of different machines are never side by side."""
        found: dict[str, list[Column]] = {}
        for machine in sorted({entry.result.machine.title for entry in self.entries.values()}):
            if columns := [self._column(*each) for each in self._measured(timed=True, machine=machine)]:
                found[machine] = columns
        return found

    @cached_property
    def first(self) -> Column | None:
        """The column that gives the initial order; ``None`` if none of :data:`FIRST` is ranked."""
        by_key = {column.key: column for column in self.columns if column.ranking.ranges}
        return next((by_key[name] for name in FIRST if name in by_key), None)

    @cached_property
    def order(self) -> list[str]:
        """The methods in the initial order: by place in :attr:`first`, ties by name; those without one last."""

        def place(method: str) -> tuple[int, int, str]:
            found = self.first.range_of(method) if self.first else None
            best, worst = found or (len(self.entries) + 1, 0)
            return best, worst, self.entries[method].submission.title.casefold()

        return sorted(self.entries, key=place)

    @property
    def images(self) -> int:
        """Number of images of the data."""
        return self.track.dataset.n

    @cached_property
    def identities(self) -> dict[str, str | None]:
        """Who is on each image, by the majority of the bundles."""
        return dict(self._agreed("identity"))

    @cached_property
    def other_inputs(self) -> dict[str, int]:
        """Methods whose LR or HR pictures differ from the majority's, and for how many images."""
        found = dict.fromkeys(self.entries, 0)
        agreed = {kind: self._agreed(kind) for kind in ("lr", "hr")}
        for method, entry in self.entries.items():
            for image in entry.result.images:
                said = {kind: getattr(image, kind) for kind in agreed}
                found[method] += any(said[kind] not in (None, agreed[kind].get(image.id)) for kind in agreed)
        return {method: count for method, count in found.items() if count}

    def _agreed(self, kind: str) -> dict[str, str]:
        """What the majority of the bundles say about each image, if any says something."""
        said: dict[str, Counter[str]] = {}
        for entry in self.entries.values():
            for image in entry.result.images:
                if (one := getattr(image, kind)) is not None:
                    said.setdefault(image.id, Counter())[one] += 1
        return {image: _most(said_of) for image, said_of in said.items()}

    def _measured(self, timed: bool, machine: str = "") -> list[tuple[str, MetricInfo, dict[str, schema.Summary]]]:
        """Key, info and rows by method for each metric and protocol; only times on a machine, or all but times."""
        found: dict[tuple[str, ...], dict[str, schema.Summary]] = {}
        for method, entry in self.entries.items():
            if timed and entry.result.machine.title != machine:
                continue
            for row in entry.result.summaries:
                if (row.unit in times.UNITS) == timed:
                    found.setdefault((row.metric, row.protocol, row.unit, row.direction), {})[method] = row
        place = {name: number for number, name in enumerate(dict.fromkeys(name for name, *_ in found))}
        columns, known = [], Counter[str]()
        # Metrics in the order of the first bundle; the most common protocol of a metric comes first
        for name, *how in sorted(found, key=lambda key: (place[key[0]], -len(found[key]), key)):
            rows = found[(name, *how)]
            known[name] += 1
            info = next(iter(rows.values())).info
            if known[name] > 1:
                info = replace(info, title=f"{info.title}, variant {known[name]}")
            columns.append((name if known[name] == 1 else stable_id(name, how), info, rows))
        return columns

    def _column(self, key: str, info: MetricInfo, rows: Mapping[str, schema.Summary]) -> Column:
        results = {method: result_of(row) for method, row in rows.items()}
        return Column(key, info, next(iter(rows.values())).protocol, results, self._ranking(info, results))

    def _ranking(self, info: MetricInfo, results: Mapping[str, Result]) -> Ranking:
        """Rank the methods by scores of images, else by blocks of images, else by their values."""
        known = {method: result for method, result in results.items() if result.ok}
        if info.direction == "none" or len(known) < 2:
            return Ranking("none")
        lower, most = info.direction == "lower", max(result.n for result in known.values())
        images = {m: frame[info.name] for m in known if info.name in (frame := self.entries[m].scores)}
        # A number of a small set cannot be compared with one of a large set
        large = [method for method, result in known.items() if result.n >= COMMON_SHARE * most]
        blocks = {m: frame[info.name] for m in large if info.name in (frame := self.entries[m].blocks)}
        for scores in (images, blocks):
            if len(scores) > 1:
                table = pd.DataFrame(scores)
                return rank_scores(table, lower, people([str(name) for name in table.index], self.identities))
        return rank_values(known, lower, info.exact, info.unit in times.UNITS)


def result_of(row: schema.Summary) -> Result:
    """A row of a bundle as a run's result."""
    value, low, high = (math.nan if number is None else number for number in (row.value, row.ci_low, row.ci_high))
    return Result(value, low, high, row.n, row.status, row.note)


def build_tracks(submissions: Sequence[Submission], scores: Sequence[Composite] = ()) -> list[BoardTrack]:
    """The tracks of some bundles, those with the most methods first; a method's newest result on a track counts."""
    found: dict[str, dict[str, list[Entry]]] = {}
    for submission in sorted(submissions, key=lambda one: (one.created, one.bundle.sha256), reverse=True):
        for place, result in enumerate(submission.document.results):
            of_method = found.setdefault(track_key(result.track), {}).setdefault(submission.method_id, [])
            of_method.append(Entry(submission, place))
    tracks = [_track(key, entries, tuple(scores)) for key, entries in found.items()]
    return sorted(tracks, key=lambda track: (-len(track.entries), track.track.title, track.id))


def _track(key: str, entries: Mapping[str, Sequence[Entry]], scores: tuple[Composite, ...]) -> BoardTrack:
    newest = {method: found[0] for method, found in entries.items()}
    older = {method: found[1:] for method, found in entries.items() if len(found) > 1}
    # Bundles may name the same data differently: the majority decides, and the page's address leaves the name out
    tracks = {entry.result.track.model_dump_json(): entry.result.track for entry in newest.values()}
    track = tracks[_most(Counter(entry.result.track.model_dump_json() for entry in newest.values()))]
    return BoardTrack(stable_id(f"{track.task} {track.degradation.name}", key), track, newest, older, scores)


def _most(said: Counter[str]) -> str:
    """What was said most often; ties go to the first in alphabetical order."""
    return min(said, key=lambda one: (-said[one], one))


def _composite(score: Composite, parts: Mapping[str, Column]) -> Column:
    """A formula of the methods' values, without an interval and hence without ranks."""
    methods = dict.fromkeys(method for part in score.parts for method in parts[part].results)
    results = {}
    for method in methods:
        found = {part: parts[part].results.get(method) for part in score.parts}
        value = score.value({part: result.value for part, result in found.items() if result and result.ok})
        if not math.isnan(value):
            results[method] = Result(value, math.nan, math.nan, 0, "ok", "")
    info = MetricInfo(f"score:{score.name}", score.name, "", "higher", 3)
    return Column(info.name, info, f"{score.formula}; no interval, not ranked", results, Ranking("none"), score)
