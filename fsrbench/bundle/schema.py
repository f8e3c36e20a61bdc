"""The models of ``bundle.json`` and of a verdict on a bundle; ``bundle.schema.json`` is generated from them.

Numbers are in the metric's unit, rates as fractions in [0, 1]; ``null`` stands for a missing number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from fsrbench.bundle.names import picture, why_refused
from fsrbench.runs.metric_info import MetricInfo

SCHEMA_VERSION: Final = 1

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PRINTED: Final = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
"""No line breaks, control characters or direction marks: names end up in terminals, logs of CI and pages."""
Name = Annotated[str, Field(min_length=1, max_length=500, pattern=PRINTED)]
Line = Annotated[str, Field(max_length=10_000, pattern=PRINTED)]
"""A sentence or a few: a note, a protocol."""
Link = Annotated[str, Field(max_length=2000, pattern=r"^(https?://[^\s<>\"]+)?$")]
Status = Literal["ok", "unavailable", "invalid", "failed"]
Count = Annotated[int, Field(ge=0, le=10**12)]


class Part(BaseModel):
    """A part of a bundle: unknown fields, other types, NaN and infinities are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Dataset(Part):
    """The images that were enlarged."""

    name: Name = Field(description="as the run named it; two datasets of one name differ by their sha256")
    sha256: Sha256 = Field(description="over ids and files of the images that the run used")
    n: Count = Field(description="number of images that could be used")


class Degradation(Part):
    """How LR was made from HR."""

    name: Name = Field(description="`none`: LR was given")
    protocol: Line = Field(description="in words")
    seed: Count | None = Field(default=None, description="of what is drawn; `null` if LR was given")
    strength: float | None = Field(default=None, description="if the degradation has one parameter")
    unit: Line = Field(default="", description="of the strength")


class Protocol(Part):
    """The record that the run measured by (`--protocol`)."""

    id: Name
    version: Count
    title: Line = ""


class Track(Part):
    """What results must share to be compared: dataset, task, degradation and protocol."""

    dataset: Dataset
    task: Name = Field(description="LR side and scale: `16x4`")
    degradation: Degradation
    protocol: Protocol | None = Field(default=None, description="`null`: each metric by its own protocol")

    @property
    def title(self) -> str:
        """The track in one line: ``sample, x4, bicubic``."""
        strength = (
            "" if self.degradation.strength is None else f" {self.degradation.strength:g} {self.degradation.unit}"
        )
        protocol = f", {self.protocol.id} (version {self.protocol.version})" if self.protocol else ""
        return f"{self.dataset.name}, {self.task}, {self.degradation.name}{strength.rstrip()}{protocol}"


class Machine(Part):
    """What times depend on."""

    system: Line
    cpu: Line
    cores: Count | None
    torch_threads: Count | None
    device: Line = Field(description="`cpu`, or the GPU's name")

    @property
    def title(self) -> str:
        """The machine in one line; times are compared only if it is the same."""
        where = self.cpu if self.device == "cpu" else f"{self.device}; {self.cpu}"
        return f"{where}, {self.cores} cores, {self.torch_threads} threads, {self.system}"


class Image(Part):
    """One image of a run, and sha256 of its pictures' pixels if they are known."""

    id: Name
    identity: Line | None = Field(default=None, description="who is on it; images of one person are resampled together")
    lr: Sha256 | None = Field(default=None, description="of the LR picture: `HxW:` and its RGB bytes, row by row")
    hr: Sha256 | None = Field(default=None, description="the same of HR, at the task's size")
    sr: Sha256 | None = Field(default=None, description="the same of the method's picture")

    @field_validator("id")
    @classmethod
    def _safe(cls, name: str) -> str:
        if reason := why_refused(picture(0, name)):
            raise ValueError(f"the image's name {name[:100]!r} {reason}")
        return name


class Summary(Part):
    """One metric's number for the method, and how the metric is written."""

    metric: Name
    title: Line
    unit: Line = Field(description="`fraction` is shown as per cent")
    direction: Literal["higher", "lower", "none"] = Field(description="which values are better")
    digits: Annotated[int, Field(ge=0, le=12)] = Field(description="after the point, of the value shown")
    exact: bool = Field(description="counted: compared without a test or an interval")
    hr_is_ceiling: bool = Field(description="whether HR's own value is the best possible")
    protocol: Line = Field(description="what exactly was computed, in words")
    value: float | None
    ci_low: float | None = Field(description="95 % interval, lower end")
    ci_high: float | None
    n: Count = Field(description="scores, pairs or queries behind the value")
    status: Status
    note: Line = Field(description="the reason of a status, or a remark")

    @property
    def info(self) -> MetricInfo:
        """How the metric is named and its values are written."""
        return MetricInfo.declared(
            self.metric, self.title, self.unit, self.direction, self.digits, self.exact, self.hr_is_ceiling
        )


class Weights(Part):
    """The method's weights in one run: networks of different tasks have different ones."""

    sha256: Sha256 | None = Field(description="of all weight files; `null`: it has none")
    files: Line = Field(description="their names, comma-separated")
    licence: Line = Field(description="as their package declares it; empty if undeclared")
    training: Line = Field(description="what the manifest says about their training")
    parameters: float | None = Field(description="in millions, if the run counted them")


class Result(Part):
    """The results of the method in one run; its files are named by its index in the list, from 0."""

    track: Track
    seed: Count = Field(description="of degradations, folds and intervals")
    weights: Weights
    source: Line = Field(description="what ran: a registered name, or the kind before the colon of `kind:target`")
    findings: list[Line] = Field(description="what the run's checks found wrong with the method's pictures")
    images: list[Image]
    summaries: list[Summary]
    machine: Machine
    versions: dict[Name, Line] = Field(description="of fsrbench, torch and other packages")
    finished: Line = Field(description="when, as ISO 8601")

    def summary(self, metric: str) -> Summary | None:
        """One metric's row; ``None`` if there is none."""
        return next((row for row in self.summaries if row.metric == metric), None)

    @model_validator(mode="after")
    def _unique(self) -> Self:
        for what, names in (
            ("image", [image.id for image in self.images]),
            ("metric", [row.metric for row in self.summaries]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"the same {what} appears twice")
        return self


class Method(Part):
    """The method that all results are of."""

    name: Name
    title: Name = Field(description="as a page shows it")
    description: Line = Field(description="one line, from its code")
    card: Annotated[str, Field(max_length=200_000)] = Field(description="its model card, Markdown; empty without one")


class Submitter(Part):
    """Who submits the results."""

    author: Line = ""


class Paper(Part):
    """Where the method is described."""

    title: Line = ""
    url: Link = ""
    year: Annotated[int, Field(ge=1900, le=2200)] | None = None


class File(Part):
    """A file of the bundle."""

    sha256: Sha256
    size: Count = Field(description="in bytes")


class Document(Part):
    """The file ``bundle.json``."""

    schema_version: Literal[1] = Field(default=SCHEMA_VERSION, description="of this layout: 1")
    fsrbench: Name = Field(description="version that made the bundle")
    method: Method
    submitter: Submitter = Submitter()
    paper: Paper = Paper()
    created: Line = Field(description="when the latest of the runs was finished, as ISO 8601")
    results: Annotated[list[Result], Field(min_length=1, max_length=1000)]
    files: dict[Name, File] = Field(description="every other file of the zip")


class Level(StrEnum):
    """How far somebody else's numbers have been checked, in the order of trust."""

    SELF_REPORTED = "self-reported"
    """Complete and consistent; nobody has recomputed anything."""
    PICTURES = "recomputed from pictures"
    """Scores were recomputed from the bundle's SR pictures and the data."""
    RUN = "recomputed by running"
    """The method was run again on the data."""


class ResultVerdict(Part):
    """The verdict on one result."""

    track: Line
    level: Level
    recomputed: list[Name] = Field(description="metrics whose scores and numbers were recomputed and agree")
    not_recomputed: dict[Name, Line] = Field(description="other metrics with a number, and why")


class Verdict(Part):
    """What ``fsrbench verify --out`` writes: the verdict on one bundle, by its sha256."""

    schema_version: Literal[1] = Field(default=SCHEMA_VERSION, description="of this layout: 1")
    bundle: Line = Field(description="the bundle's file name")
    bundle_sha256: Sha256
    fsrbench: Name = Field(description="version that verified it")
    verified: bool = Field(description="no mismatch was found")
    level: Level = Field(description="the lowest of the results'")
    results: list[ResultVerdict]
    mismatches: list[Line]
    notes: list[Line]
