"""Numbers from papers: the rows of ``published.yaml``, checked on loading. None was measured here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, TypeAdapter, ValidationError

from fsrbench.errors import UserError, requirement
from fsrbench.files.text import read_yaml

PUBLISHED: Final = Path(__file__).with_name("published.yaml")
"""The table of reported numbers, part of the installed package; the comment at its top explains the fields."""

_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)(?: ([^\s\d]\S*))?")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


@dataclass(frozen=True)
class Reported:
    """One number as its source prints it."""

    text: str
    """The digits of the source, trailing zeros included."""
    unit: str = ""


def parse_reported(value: object) -> Reported:
    """A number from the file.

    Raises:
        ValueError: it is not a number with at most one unit.

    Example:
        >>> parse_reported("97.40 %")
        Reported(text='97.40', unit='%')
    """
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a number and its unit, as in '26.97 dB' or '0.8026'")
    return Reported(match[1], match[2] or "")


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paper(_Record):
    """Who reports the numbers."""

    cite: Line
    """The short form in tables: ``Kim et al. 2019``."""
    authors: Line
    title: Line
    venue: Line
    year: int | None = None
    doi: Line | None = None
    arxiv: Line | None = None
    url: Line | None = None

    @property
    def reference(self) -> str:
        """Title, venue and where to find it, in plain text."""
        where = [f"doi:{self.doi}" if self.doi else "", f"arXiv:{self.arxiv}" if self.arxiv else "", self.url or ""]
        return ", ".join(filter(None, (self.title, self.venue, str(self.year or ""), *where)))


class PublishedRow(_Record):
    """The numbers of one method on one data set."""

    method: Line
    dataset: Line
    values: Annotated[dict[Line, Annotated[Reported, PlainValidator(parse_reported)]], Field(min_length=1)]
    """By metric name."""


class Entry(_Record):
    """What was read of one paper at one source."""

    paper: Paper
    task: Literal["x4", "x8", "other"]
    sizes: Line
    """LR and HR in pixels, as far as known."""
    lr: Line
    """How LR was made, as far as the source says."""
    protocol: Line | None = None
    """How the numbers were computed; None where nothing is known."""
    source: Line
    """Where exactly the numbers were read."""
    status: Literal["verified", "unverified"]
    """Whether the source is the paper's own authors: the paper, its page, their repository."""
    note: Line | None = None
    rows: Annotated[tuple[PublishedRow, ...], Field(min_length=1)]

    @property
    def description(self) -> str:
        """Paper, status, sizes, LR, protocol, source and note in one line."""
        fields = {
            "Sizes in px": self.sizes,
            "LR": self.lr,
            "Protocol": self.protocol or "not stated",
            "Read in": self.source,
            "Note": self.note,
        }
        facts = [f"{word}: {text}" for word, text in fields.items() if text]
        return ". ".join([f"{self.paper.cite} ({self.status}): {self.paper.reference}", *facts])


def load_published(path: Path = PUBLISHED) -> tuple[Entry, ...]:
    """Read and check the published rows.

    Raises:
        UserError: the file cannot be read or has a mistake; one line that names the entry and the row.
    """
    content = read_yaml(path, strings=True)
    try:
        entries = TypeAdapter(tuple[Entry, ...]).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: {_place(content, first['loc'])}: {requirement(first)}") from None
    _refuse_duplicates(path, entries)
    return entries


def _place(content: Any, loc: tuple[int | str, ...]) -> str:
    """Location of a mistake in names that a reader of the file sees: ``Kim et al. 2019, row Progressive, status``."""
    if not loc:
        return "the file"
    entry = content[loc[0]]
    paper = entry.get("paper") if isinstance(entry, Mapping) else None
    cite = paper.get("cite") if isinstance(paper, Mapping) else None
    parts, rest = [cite or f"entry {int(loc[0]) + 1}"], loc[1:]
    if len(rest) > 1 and rest[0] == "rows":
        row = entry["rows"][rest[1]]
        method = row.get("method") if isinstance(row, Mapping) else None
        parts, rest = [*parts, f"row {method or int(rest[1]) + 1}"], rest[2:]
    return ", ".join([*parts, *(str(part) for part in rest)])


def _refuse_duplicates(path: Path, entries: tuple[Entry, ...]) -> None:
    keys = [(e.paper.cite, row.method, e.task, row.dataset) for e in entries for row in e.rows]
    for (cite, method, task, dataset), count in Counter(keys).items():
        if count > 1:
            raise UserError(f"{path}: {cite}, row {method}: {count} rows for task {task}, dataset {dataset}")
