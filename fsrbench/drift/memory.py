"""What a watch has seen: every picture once, by content and by name, with its measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import pandas as pd

from fsrbench.drift.descriptor_file import DescriptorFile, Sides
from fsrbench.drift.journal import Journal
from fsrbench.drift.known import DESCRIPTOR_METRIC
from fsrbench.drift.windows import Blocks, Window, labels
from fsrbench.errors import UserError

SETUP, PICTURES, CHECK = "setup", "pictures", "check"
"""Kinds of records."""
VERSION: Final = 1
DESCRIPTORS: Final = "descriptors.npz"
Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""


@dataclass(frozen=True)
class Entry:
    """One picture that was scored."""

    name: str
    day: str
    values: Mapping[str, float]
    protocols: Mapping[str, str]
    """How the metrics among the values were computed."""
    sha256: str


class Memory:
    """Everything in a journal, and the face descriptors of the last pictures in a file beside it.

    Args:
        journal: where it is kept; opened here.
        setup: what must not change: method, task, kind of pictures.

    Raises:
        UserError: the journal is another watch's, or damaged.
    """

    def __init__(self, journal: Journal, setup: Mapping[str, Any]) -> None:
        self._journal = journal
        self.stamps: dict[str, Stamp] = {}
        self.hashes: set[str] = set()
        self.entries: list[Entry] = []
        self.checks: list[dict[str, Any]] = []
        self._facts: dict[str, Any] = {}
        self._descriptors = DescriptorFile(journal.path.with_name(DESCRIPTORS))
        records = journal.open()
        if not records:
            journal.append({"kind": SETUP, "version": VERSION, **setup})
        for number, record in enumerate(records, 1):
            try:
                self._read(record, setup)
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(f"{journal.path}, line {number}: not a record of a watch: {error!r}") from None

    def _read(self, record: dict[str, Any], setup: Mapping[str, Any]) -> None:
        kind = record["kind"]
        if kind == SETUP:
            for name, value in {"version": VERSION, **setup}.items():
                if record[name] != value:
                    found = f"belongs to a watch with {name} {record[name]}, not {value}"
                    raise UserError(f"{self._journal.path} {found}; give another --out")
        elif kind == PICTURES:
            self._take(record)
        elif kind == CHECK:
            self.checks.append(record)

    def add(self, record: dict[str, Any], descriptors: Mapping[str, Sides], window: int) -> None:
        """Remember what a round has scored; from then on it counts as seen.

        Args:
            record: of the journal.
            descriptors: of the new pictures, by sha256.
            window: number of earlier pictures whose descriptors are kept.
        """
        self._descriptors.add(descriptors, [entry.sha256 for entry in self.entries[-window:]])
        record = {"kind": PICTURES, **record}
        self._journal.append(record)
        self._take(record)

    def check(self, time: str, outcome: Mapping[str, Any]) -> None:
        """Remember a verdict, or why there is none, unless the last check found the same for the same pictures."""
        found = {"kind": CHECK, "seen": len(self.entries), **outcome}
        last = self.checks[-1] if self.checks else {}
        if found != {name: value for name, value in last.items() if name != "time"}:
            record = {"time": time, **found}
            self._journal.append(record)
            self.checks.append(record)

    def _take(self, record: dict[str, Any]) -> None:
        for each in [*record["new"], *record["known"]]:
            self.hashes.add(each["sha256"])
        for each in [*record["new"], *record["known"], *record["unusable"]]:
            size, changed = each["stamp"]
            self.stamps[each["name"]] = (size, changed)
        self._facts = record["facts"] or self._facts
        for each in record["new"]:
            numbers = {name: math.nan if value is None else float(value) for name, value in each["values"].items()}
            name = each["name"].encode(errors="backslashreplace").decode()  # tables hold valid Unicode only
            self.entries.append(Entry(name, each["day"], numbers, self._protocols(), each["sha256"]))

    def _protocols(self) -> Mapping[str, str]:
        """The metrics' protocols in the latest round."""
        found: Mapping[str, str] = self._facts.get("protocols", {})
        return found

    def window(self, name: str, method: str, task: str, size: int, blocks: Blocks) -> Window:
        """The last ``size`` pictures, without scores by an earlier protocol."""
        last, now = self.entries[-size:], self._protocols()
        # A name may recur with other content
        names = [f"{entry.name}#{place}" for place, entry in enumerate(last)]
        rows = [{m: v for m, v in each.values.items() if each.protocols.get(m) == now.get(m)} for each in last]
        values = pd.DataFrame(rows, index=names)
        people = {
            image: str(folder)
            for image, entry in zip(names, last, strict=True)
            if (folder := PurePosixPath(entry.name).parent) != PurePosixPath(".")
        }
        by = now.get(DESCRIPTOR_METRIC)
        keys = [entry.sha256 if entry.protocols.get(DESCRIPTOR_METRIC) == by else "" for entry in last]
        days = {image: entry.day for image, entry in zip(names, last, strict=True)}
        return Window(
            name=name,
            method=method,
            task=task,
            values=values,
            blocks=labels(names, people, days, blocks),
            protocols=now,
            weights=self._facts.get("weights"),
            descriptors=self._descriptors.of(keys),
        )
