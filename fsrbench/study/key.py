"""The key of a study: which picture is whose. Raters do not get it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fsrbench.errors import UserError, one_line, requirement
from fsrbench.files.text import read_text
from fsrbench.study.design import Trial
from fsrbench.study.questions import QUESTIONS, Question

SCHEMA_VERSION: Final = 1
KIND: Final = "fsrbench study key"
FILE: Final = "key.json"
"""Its name beside the page."""
Count = Annotated[int, Field(ge=0)]
Row = tuple[Count, Count, Annotated[int, Field(ge=-2)], Annotated[int, Field(ge=-2)], Count | None]
"""Question, image, what is on the left and on the right, and the trial that it repeats."""


class Key(BaseModel):
    """What a study's page leaves out."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = Field(default=1, description="of this layout: 1")
    kind: Literal["fsrbench study key"] = Field(default="fsrbench study key", description="what this file is")
    study: str = Field(description="hash of the page's design and pictures, which answers carry")
    run: str = Field(description="the run's folder, as it was given")
    methods: list[str] = Field(min_length=2, description="the methods that are compared")
    images: list[str] = Field(min_length=1, description="the images that are shown")
    people: list[Count] = Field(description="of each image: a number for who is on it")
    pictures: dict[str, list[str]] = Field(description="by method: sha256 of each image's pixels")
    questions: list[str] = Field(min_length=1, description="what is asked: better, person")
    trials: list[Row] = Field(
        description="question, image, left, right (places in the lists above; -1 HR, -2 bicubic), and what it repeats",
    )
    blocks: list[list[list[list[Count]]]] = Field(
        min_length=1, description="by block, question and chunk: the places of its trials"
    )

    @cached_property
    def asked(self) -> list[Question]:
        """The questions."""
        known = {question.name: question for question in QUESTIONS}
        return [known[name] for name in self.questions]

    @cached_property
    def trial(self) -> list[Trial]:
        """The trials."""
        return [Trial(*row) for row in self.trials]

    @cached_property
    def in_block(self) -> list[frozenset[int]]:
        """The trials of each block."""
        return [frozenset(t for chunks in block for chunk in chunks for t in chunk) for block in self.blocks]

    def question(self, name: str) -> int:
        """The index of a question."""
        return self.questions.index(name)


def rows(trials: Sequence[Trial]) -> list[Row]:
    """Trials as rows of the file."""
    return [astuple(trial) for trial in trials]


def parse_json(path: Path) -> Any:
    """The contents of a JSON file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON: {one_line(error)}") from None


def validated(path: Path, model: type[BaseModel], content: Any) -> Any:
    """The contents of a file as a model.

    Raises:
        UserError: they are not; the message says which field.
    """
    try:
        return TypeAdapter(model).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{path}: {where[:80]}: {requirement(first)[:200]}") from None


def is_key(content: Any) -> bool:
    """Whether a file's contents declare themselves a key."""
    return isinstance(content, dict) and content.get("kind") == KIND


def read_key(path: Path, content: Any = None) -> Key:
    """Read a key.

    Args:
        path: the file.
        content: what is in it, if that has been read.

    Raises:
        UserError: it is not a key, or its parts do not belong together.
    """
    key: Key = validated(path, Key, parse_json(path) if content is None else content)
    known = {question.name for question in QUESTIONS}
    methods, images, trials = len(key.methods), len(key.images), len(key.trials)
    if (
        not set(key.questions) <= known
        or len(key.people) != images
        or set(key.pictures) != set(key.methods)
        or any(len(found) != images for found in key.pictures.values())
        or any(t >= trials for block in key.in_block for t in block)
        or any(
            t.question >= len(key.questions)
            or t.image >= images
            or max(t.left, t.right) >= methods
            or t.left == t.right
            or (t.left < 0) != (t.right < 0)
            or (t.repeats is not None and t.repeats >= trials)
            for t in key.trial
        )
    ):
        raise UserError(f"{path}: its parts do not belong together; take the {FILE} that `fsrbench study make` wrote")
    return key
