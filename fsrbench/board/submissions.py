"""What a board is made of: bundles, how far each was checked, and stable names for pages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import pandas as pd
from anyascii import anyascii

from fsrbench.bundle.read import Bundle, moment_of, read_bundle, read_verdict
from fsrbench.bundle.schema import Document, Level, Result, ResultVerdict, Track, Verdict

SYMBOLS: Final = {Level.RUN: "✔✔", Level.PICTURES: "✔", Level.SELF_REPORTED: "○"}
"""Shown beside the words, never instead of them."""
TRUST: Final = {Level.SELF_REPORTED: 0, Level.PICTURES: 1, Level.RUN: 2}
"""Levels as numbers."""
_LONGEST: Final = 48


@dataclass(frozen=True, eq=False)
class Submission:
    """A bundle and how far it was checked."""

    bundle: Bundle
    verdict: Verdict | None = None

    @property
    def document(self) -> Document:
        """What the bundle says."""
        return self.bundle.document

    @property
    def file(self) -> str:
        """The bundle's name, without folders."""
        return self.bundle.path.name

    @property
    def title(self) -> str:
        """The method's name on pages."""
        return self.document.method.title

    @cached_property
    def method_id(self) -> str:
        """The same for all bundles of a method by an author, whatever their results."""
        method, author = self.document.method.name, self.document.submitter.author
        return stable_id(method, [method.casefold(), author.casefold()])

    @cached_property
    def created(self) -> datetime:
        """When its latest run was finished; ``datetime.min`` if that is not a date."""
        return moment_of(self.document.created) or datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Entry:
    """One result of a submission."""

    submission: Submission
    place: int
    """Index in the list of results."""

    @property
    def result(self) -> Result:
        """What the bundle says of it."""
        return self.submission.document.results[self.place]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row per image, one column per metric."""
        return self.submission.bundle.scores(self.place).pivot(index="image", columns="metric", values="value")

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """One row per block of images, one column per metric of the whole set."""
        return self.submission.bundle.blocks(self.place).pivot(index="block", columns="metric", values="value")

    @property
    def method_id(self) -> str:
        """Id of the method."""
        return self.submission.method_id

    @cached_property
    def _verdict(self) -> ResultVerdict | None:
        found = self.submission.verdict
        return found.results[self.place] if found is not None and self.place < len(found.results) else None

    @property
    def level(self) -> Level:
        """How far it was checked; self-reported without a verdict."""
        return self._verdict.level if self._verdict else Level.SELF_REPORTED

    @property
    def recomputed(self) -> frozenset[str]:
        """The metrics that were computed again and agree."""
        return frozenset(self._verdict.recomputed if self._verdict else ())


@dataclass(frozen=True)
class LeftOut:
    """A bundle that is not on the board."""

    file: str
    reason: str


def read_submissions(paths: Sequence[Path]) -> tuple[list[Submission], list[LeftOut]]:
    """The bundles at some paths, and those that are left out: refuted by their verdict, or submitted twice.

    Raises:
        UserError: a file is not a bundle, or a verdict cannot be read.
    """
    found: dict[str, Submission] = {}
    left_out = []
    for path in paths:
        bundle, verdict = read_bundle(path), read_verdict(path)
        if verdict is not None and not verdict.verified:
            more = f", and {len(verdict.mismatches) - 1} more" if len(verdict.mismatches) > 1 else ""
            reason = f"{verdict.mismatches[0]}{more}" if verdict.mismatches else "no reason given"
            left_out.append(LeftOut(path.name, f"not confirmed by fsrbench verify: {reason}"))
        elif bundle.sha256 in found:
            left_out.append(LeftOut(path.name, f"the same file as {found[bundle.sha256].file}"))
        else:
            found[bundle.sha256] = Submission(bundle, verdict)
    return list(found.values()), left_out


def track_key(track: Track) -> str:
    """What two results must share to be in one table: data, task, how LR was made, and protocol."""
    degradation, protocol = track.degradation, track.protocol
    parts = [
        track.dataset.sha256,
        track.task,
        [degradation.name, degradation.protocol, degradation.seed, degradation.strength],
        [protocol.id, protocol.version] if protocol else None,
    ]
    return json.dumps(parts)


def stable_id(name: str, content: object) -> str:
    """A name for a file or an anchor: plain letters of ``name`` and a hash of what it stands for.

    Example:
        >>> stable_id("../Gö <b>", "x")
        'go-b-ba2df4903a2c'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", anyascii(name).lower()).strip("-")[:_LONGEST].strip("-")
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
    return f"{plain}-{digest}" if plain else digest
