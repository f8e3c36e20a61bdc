"""Check on loading what reports rely on in a run's files: a run's folder is untrusted input."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fsrbench.errors import UserError, one_line, requirement
from fsrbench.stats.intervals import LARGEST


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Metric(_Part):
    title: str = ""
    unit: str = ""
    direction: str = ""
    digits: Annotated[int, Field(ge=0, le=12)] = 0


class _Dataset(_Part):
    sha256: str | None = None
    has_hr: bool | None = None
    left_out: dict[str, Any] | None = None
    warnings: list[Any] | None = None


class _Degradation(_Part):
    name: str = ""
    strength: Annotated[float, Field(allow_inf_nan=False)] | None = None
    unit: str = ""


class _Protocol(_Part):
    id: str
    version: int
    title: str = ""


class _Spec(_Part):
    limit: Annotated[int, Field(ge=1)] | None = None


class _Manifest(_Part):
    task: str | None = None
    degradation: _Degradation | None = None
    dataset: _Dataset | None = None
    methods: dict[str, dict[str, Any]] | None = None
    metrics: dict[str, _Metric] | None = None
    protocol: _Protocol | None = None
    protocols: dict[str, Any] | None = None
    spec: _Spec | None = None


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest and check the types of what reports read.

    Raises:
        UserError: it cannot be read, or a part is of another type.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON: {_short(one_line(error))}") from None
    if not isinstance(manifest, dict):
        raise UserError(f"{path}: must hold an object, not {type(manifest).__name__}")
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: {_short('.'.join(map(str, first['loc'])))}: {requirement(first)}") from None
    return manifest


def check_frame(path: Path, frame: pd.DataFrame, texts: Sequence[str], numbers: Sequence[str]) -> None:
    """Check that columns are there and of their types.

    Raises:
        UserError: a column is missing or of another type.
    """
    if missing := [column for column in (*texts, *numbers) if column not in frame.columns]:
        raise UserError(f"{path}: no column {', '.join(missing)}")
    for column in texts:
        if pd.api.types.infer_dtype(frame[column], skipna=False) not in ("string", "empty"):
            raise UserError(f"{path}: column {column} is not text in every row")
    for column in numbers:
        if len(frame) and not pd.api.types.is_float_dtype(frame[column]):
            raise UserError(f"{path}: column {column} is not a number in every row")
        if len(frame) and ((frame[column].abs() > LARGEST) & (frame[column].abs() < math.inf)).any():
            raise UserError(f"{path}: column {column}: numbers beyond {LARGEST:g}")


def check_unique(path: Path, frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Check that no two rows have equal values in ``columns``.

    Raises:
        UserError: two do.
    """
    twice = frame[frame.duplicated(list(columns))]
    if len(twice):
        names = (str(twice[column].iloc[0]) for column in columns)
        raise UserError(f"{path}: two rows for {_short(', '.join(names))}")


def _short(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."
