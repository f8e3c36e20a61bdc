"""The reference file of the gate, laid out to be read in a git diff."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fsrbench.errors import UserError, requirement
from fsrbench.files.atomic import whole

SCHEMA_VERSION: Final = 1
WIDTH: Final = 160
"""An object that fits into this many characters is written on one line."""
DIGITS: Final = 6
"""Significant digits of the scores."""
VALUE_DIGITS: Final = 10
"""Significant digits of the gated numbers: counts of parameters have eight."""

Score = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """A set of pictures."""

    name: str = Field(description="what the data was called; not compared")
    n: int = Field(description="images scored")
    sha256: str = Field(description="hash over the ids and files of all samples")


class Degradation(_Part):
    """How LR was made."""

    name: str = Field(description="the degradation's name, `none` where LR was given")
    protocol: str = Field(description="the line that lets somebody repeat it")


class MetricProtocol(_Part):
    """How a metric was computed."""

    protocol: str = Field(description="the line that lets somebody recompute the metric")
    digest: str = Field(description="hash of the protocol, the unit and the direction; this is what is compared")


class Setup(_Part):
    """What must be the same in the run and in the reference."""

    task: str = Field(description="`x4`, `128x4`, ...")
    dataset: Source = Field(description="the test images")
    degradation: Degradation = Field(description="how LR was made from HR")
    seed: int = Field(description="`--seed` of the run: draws the degradation and the folds of verification")
    reference_set: Source | None = Field(description="`--reference` of the run, for FID and KID")
    metric_weights: dict[str, str] = Field(description="sha256 of the weight files that the metrics read")
    device: str = Field(description="`cpu` or `cuda`; speed and memory are gated only on the same kind")
    timing_base: str | None = Field(description="method whose times the others' are divided by")
    metrics: dict[str, MetricProtocol] = Field(description="by metric: how it is computed")


class MadeWith(_Part):
    """Where the reference was made; another place is a note, not a refusal."""

    versions: dict[str, str | None] = Field(description="of the packages that the numbers depend on")
    cpu: str = Field(description="the processor's name")


class Held(_Part):
    """One number of one method that must not get worse."""

    value: Score = Field(description="the number; of times the ratio to `timing_base`")
    unit: str = Field(description="the unit; empty where there is none, `x NAME` for a ratio")
    direction: Literal["higher", "lower"] = Field(description="which is better")
    abs_tolerance: Positive | None = Field(
        default=None, description="how far it may get worse, in its unit; left out: the default"
    )
    rel_tolerance: Positive | None = Field(
        default=None, description="the same as a share of the value; the larger of both counts; left out: the default"
    )
    n: int = Field(description="how many scores, pairs or queries are behind it")


class HeldMethod(_Part):
    """One method's numbers."""

    weights_sha256: str | None = Field(description="of its weight file; other weights are a note")
    metrics: dict[str, Held] = Field(description="by metric: its number")


class Reference(_Part):
    """The file as a whole."""

    schema_version: Literal[1] = Field(default=SCHEMA_VERSION, description="of this layout: 1")
    setup: Setup = Field(description="what must be the same in the run")
    made_with: MadeWith = Field(description="where the reference was made")
    methods: dict[str, HeldMethod] = Field(description="by method: its numbers; `hr` is the ceiling, `lr` the floor")
    images: list[tuple[str, str | None]] = Field(description="image and identity, one per line; `null`: not known")
    rows: dict[str, list[str]] = Field(
        description="by metric: what its scores belong to, where that is not `images` (blocks of a set metric)"
    )
    scores: dict[str, dict[str, list[Score | None]]] = Field(
        description="by metric and method: a score for each image, six significant digits; `null`: none"
    )

    @model_validator(mode="after")
    def _complete(self) -> Reference:
        for metric, by_method in self.scores.items():
            expected = len(self.row_names(metric))
            for method, scores in by_method.items():
                if len(scores) != expected:
                    raise ValueError(f"scores.{metric}.{method} has {len(scores)} values for {expected} rows")
        for name, method_held in self.methods.items():
            for metric in method_held.metrics:
                if metric not in self.setup.metrics:
                    raise ValueError(f"methods.{name}.metrics.{metric} has no protocol in setup.metrics")
        return self

    def row_names(self, metric: str) -> list[str]:
        """What the scores of a metric belong to: images, or blocks of a set."""
        return self.rows[metric] if metric in self.rows else [image for image, _ in self.images]

    def series(self, method: str, metric: str) -> pd.Series[float] | None:
        """The scores of one method by image or block, NaN without one; ``None`` if the file has none of them."""
        scores = self.scores.get(metric, {}).get(method)
        if scores is None:
            return None
        return pd.Series([math.nan if s is None else s for s in scores], index=self.row_names(metric), dtype=float)

    def people(self) -> dict[str, str]:
        """By image: who is on it, as far as known."""
        return {image: identity for image, identity in self.images if identity is not None}


def digest(protocol: str, unit: str, direction: str) -> str:
    """Hash of how a metric is computed and read: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps([protocol, unit, direction]).encode()).hexdigest()[:16]


def rounded(value: float, digits: int = DIGITS) -> float:
    """A number rounded to ``digits`` significant digits, as in the file."""
    return float(f"{value:.{digits}g}")


def read(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        UserError: it is missing, is not JSON, is of another schema version or breaks the schema.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; --update makes it from the run") from None
    except ValueError as error:
        raise UserError(f"{path}: not valid JSON: {error}") from None
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise UserError(f"{path}: schema_version is {version}, this fsrbench reads {SCHEMA_VERSION}")
    try:
        return Reference.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: {place}{': ' if place else ''}{requirement(first)}") from None


def write(reference: Reference, path: Path) -> None:
    """Write a reference file, all of it or nothing.

    Raises:
        UserError: it cannot be written.
        CannotWrite: the disk is full.
    """
    text = layout(reference.model_dump(mode="json", exclude_none=False)) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as part:
            part.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None


def layout(value: Any, depth: int = 0) -> str:
    """JSON with each list of numbers and each short object on one line, so that a diff shows what changed."""
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, dict | list) or not value or _on_one_line(value, flat):
        return flat
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        lines = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {layout(part, depth + 1)}" for key, part in value.items()
        ]
    else:
        lines = [pad + layout(part, depth + 1) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{' ' * depth}{closing}"


def _on_one_line(value: dict[str, Any] | list[Any], flat: str) -> bool:
    parts = value.values() if isinstance(value, dict) else value
    if any(isinstance(part, dict | list) for part in parts):
        return False
    return isinstance(value, list) or len(flat) <= WIDTH
