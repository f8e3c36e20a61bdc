"""Raters' files: read, checked against the key, and put into one table."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from fsrbench.errors import UserError
from fsrbench.study.key import FILE, Key, is_key, parse_json, read_key, validated

Choice = Literal["left", "right", "none"]
CHOICES: Final[dict[str, int]] = {"left": 0, "right": 1, "none": 2}
"""The number of each in the table."""
MOST_MS: Final = 86_400_000


class Answer(BaseModel):
    """One answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    trial: Annotated[int, Field(ge=0)] = Field(description="its place in the study's list of pairs")
    choice: Choice = Field(description="`left`, `right` or `none` for no difference")
    ms: Annotated[float, Field(ge=0, le=MOST_MS, allow_inf_nan=False)] = Field(description="milliseconds it took")


class AnswerFile(BaseModel):
    """A rater's file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_version: Literal[1] = Field(description="of this layout: 1")
    kind: Literal["fsrbench study answers"] = Field(description="what this file is")
    study: str = Field(description="the study's hash")
    rater: Annotated[str, Field(min_length=1, max_length=60)] = Field(description="a name or number, freely chosen")
    block: Annotated[int, Field(ge=0)] = Field(description="which of the study's blocks was shown")
    complete: bool = Field(description="whether every pair was answered")
    side: Annotated[float, Field(gt=0)] = Field(description="side of a picture as shown, CSS pixels, at the end")
    pixel_ratio: Annotated[float, Field(gt=0)] = Field(description="screen pixels per CSS pixel")
    answers: list[Answer] = Field(description="in the order in which they were given")


@dataclass(frozen=True, eq=False)
class Rater:
    """One rater's answers to N trials."""

    name: str
    file: Path
    trial: np.ndarray
    choice: np.ndarray
    """0 left, 1 right, 2 no difference."""
    ms: np.ndarray
    complete: bool


@dataclass(frozen=True, eq=False)
class Answers:
    """All raters of a study."""

    key: Key
    raters: tuple[Rater, ...]
    remarks: tuple[str, ...] = ()
    """What was skipped, one line each."""

    def table(self, question: int, raters: Sequence[Rater]) -> AnswerTable:
        """The answers of some raters to one question, without catch pairs and repeats."""
        of_trial = self.key.trial
        kept = np.array([t.question == question and not t.catch and t.repeats is None for t in of_trial], dtype=bool)
        picked = [kept[rater.trial] for rater in raters]
        trial = np.concatenate([r.trial[mask] for r, mask in zip(raters, picked, strict=True)] or [np.zeros(0, int)])
        choice = np.concatenate([r.choice[mask] for r, mask in zip(raters, picked, strict=True)] or [np.zeros(0, int)])
        rater = np.repeat(np.arange(len(raters)), [int(mask.sum()) for mask in picked])
        image, left, right = (
            np.array([getattr(t, name) for t in of_trial], dtype=int)[trial] for name in ("image", "left", "right")
        )
        first, second = np.minimum(left, right), np.maximum(left, right)
        outcome = np.where(choice == 2, 2, (choice == 0) != (left < right))
        return AnswerTable(self.key, first, second, outcome.astype(int), image, rater)


@dataclass(frozen=True, eq=False)
class AnswerTable:
    """N answers to one question: which two methods on which image, what was preferred, by whom."""

    key: Key
    first: np.ndarray
    """The method of the pair that comes first in the key."""
    second: np.ndarray
    outcome: np.ndarray
    """0: the first was preferred, 1: the second, 2: no difference."""
    image: np.ndarray
    rater: np.ndarray

    def __len__(self) -> int:
        return len(self.outcome)

    @cached_property
    def person(self) -> np.ndarray:
        """The person on each answer's image."""
        people: np.ndarray = np.array(self.key.people, dtype=int)[self.image]
        return people

    @cached_property
    def pair(self) -> np.ndarray:
        """The place of each answer's pair in :func:`fsrbench.study.bradley_terry.pairs_of`."""
        methods, a = len(self.key.methods), self.first
        place: np.ndarray = a * (2 * methods - a - 1) // 2 + self.second - a - 1
        return place


def read_answers(paths: Sequence[Path], key_file: Path | None = None) -> Answers:
    """Read raters' files.

    Args:
        paths: files, or folders of ``*.json`` files. The key may be among them.
        key_file: the key; by default the one among the files, or :data:`FILE` beside the first.

    Raises:
        UserError: a line for each file that cannot be used: malformed, of another study, or with other answers of a
            rater who already has a file.
    """
    files = list(_files(paths))
    contents, problems = _contents(files)
    if problems and not contents:
        raise UserError("\n".join(problems))
    key = _key(files, contents, key_file)
    known: dict[str, tuple[Path, AnswerFile]] = {}
    remarks = []
    for file, content in contents:
        try:
            if not is_key(content) and (remark := _add(known, file, _checked(file, content, key))):
                remarks.append(remark)
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    if not known:
        raise UserError(f"{paths[0]}: no raters' answers")
    return Answers(key, tuple(_rater(*entry) for entry in known.values()), tuple(remarks))


def _contents(files: Sequence[Path]) -> tuple[list[tuple[Path, Any]], list[str]]:
    """What is in each file, and a line for each that cannot be read."""
    contents: list[tuple[Path, Any]] = []
    problems: list[str] = []
    for file in files:
        try:
            contents.append((file, parse_json(file)))
        except UserError as error:
            problems.append(str(error))
    return contents, problems


def _add(known: dict[str, tuple[Path, AnswerFile]], file: Path, found: AnswerFile) -> str:
    """Add a rater's file to the others; returns a remark if it is a duplicate.

    Raises:
        UserError: the rater has other answers in another file.
    """
    name = unicodedata.normalize("NFKC", found.rater).strip().casefold()
    if name not in known:
        known[name] = file, found
        return ""
    first, same = known[name]
    if same.answers != found.answers:
        raise UserError(f"{file}: rater {found.rater!r} has other answers in {first}; keep one of the files")
    return f"{file}: the same answers as {first}; counted once"


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    seen = set()
    for path in paths:
        for file in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def _key(files: Sequence[Path], contents: Sequence[tuple[Path, Any]], given: Path | None) -> Key:
    if given is not None:
        return read_key(given)
    among = [(file, content) for file, content in contents if is_key(content)]
    if len(among) > 1:
        raise UserError(f"two keys: {among[0][0]} and {among[1][0]}; score one study at a time")
    if among:
        return read_key(*among[0])
    beside = (files[0].parent if files else Path()) / FILE
    if not beside.is_file():
        raise UserError(f"{beside}: no such file; give the study's key with --key")
    return read_key(beside)


def _checked(file: Path, content: Any, key: Key) -> AnswerFile:
    """A rater's file that belongs to the study."""
    found: AnswerFile = validated(file, AnswerFile, content)
    if found.study != key.study:
        raise UserError(f"{file}: of another study ({found.study[:16]}, not {key.study[:16]})")
    if found.block >= len(key.blocks):
        raise UserError(f"{file}: block {found.block}: the study has {len(key.blocks)}")
    trials = [answer.trial for answer in found.answers]
    if strange := set(trials) - key.in_block[found.block]:
        raise UserError(f"{file}: pair {min(strange)} is not in block {found.block}")
    if len(set(trials)) < len(trials):
        raise UserError(f"{file}: a pair is answered twice")
    return found


def _rater(file: Path, found: AnswerFile) -> Rater:
    return Rater(
        "".join(letter if letter.isprintable() else "?" for letter in " ".join(found.rater.split())),
        file,
        np.array([answer.trial for answer in found.answers], dtype=int),
        np.array([CHOICES[answer.choice] for answer in found.answers], dtype=int),
        np.array([answer.ms for answer in found.answers]),
        found.complete,
    )
