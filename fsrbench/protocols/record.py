"""The schema of a record, and how records are found. No heavy imports: commands list them without torch."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from fsrbench.errors import UserError, requirement, unknown_name
from fsrbench.files.text import read_marked_yaml
from fsrbench.provenance.file_hashes import sha256_of
from fsrbench.tasks import find_task

RECORDS: Final = Path(__file__).with_name("records")
SUFFIX: Final = ".yaml"
JOINT: Final = ":"
"""Between a protocol's id and a metric's name: ``vqfr:psnr``."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Choice = str | int | float | bool | None | list[str] | dict[str, int | float] | dict[str, str]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where the protocol was read."""

    paper: Line | None = None
    repository: Line | None = None
    commit: Line | None = None
    """The commit that was read."""
    files: tuple[Line, ...] = ()


class Lr(_Part):
    """The LR pictures that the protocol expects."""

    description: Line
    """Which they are, and how they were made as far as that is known."""
    degradation: Line | None = None
    """fsrbench's degradation that makes such pictures from HR; the run's default under the protocol."""
    sha256: Sha256 | None = None
    """Of the data, as in a run's manifest; ``None`` if nobody publishes one: then nothing is checked."""


class UsedSet(_Part):
    """Data that the protocol is used on."""

    name: Line
    images: Annotated[int, Field(ge=1)] | None
    """``None`` if sources disagree."""
    hr: bool
    note: Line | None = None


class MetricRecord(_Part):
    """One metric with every choice."""

    title: Line
    """Of its column."""
    measure: Line
    """How it is computed: a name of :data:`fsrbench.protocols.measures.MEASURES`."""
    choices: dict[str, Choice] = Field(default_factory=dict)
    """All that ``measure`` leaves open; what is computed depends on nothing else."""
    note: Line | None = None
    """What else a reader must know: a reproduced fault of the script, or how it differs from others."""


class Trap(_Part):
    """What has gone wrong in practice."""

    text: Line
    reports: tuple[Line, ...] = ()
    """Addresses of public reports."""


class Record(_Part):
    """One protocol."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Annotated[int, Field(ge=1)]
    """Grows whenever a number under the protocol may change."""
    title: Line
    own: bool = False
    """Whether its metrics are the benchmark's own, under their own names."""
    source: Source
    tasks: Annotated[tuple[Line, ...], Field(min_length=1)]
    """The first is the run's default."""
    lr: Lr
    sets: tuple[UsedSet, ...] = ()
    metrics: Annotated[dict[str, MetricRecord], Field(min_length=1)]
    not_measured: dict[str, Line] = Field(default_factory=dict)
    """What else the source reports but fsrbench does not, and why."""
    traps: tuple[Trap, ...] = ()
    sha256: str = Field(default="", exclude=True)
    """Of the record's own file; set when it is read, as is :attr:`path`."""
    path: Path | None = Field(default=None, exclude=True)

    @field_validator("tasks")
    @classmethod
    def _known(cls, tasks: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(find_task(name).name for name in tasks)
        except UserError as error:
            raise ValueError(str(error)) from None

    @property
    def label(self) -> str:
        """Id and version: ``vqfr 1``."""
        return f"{self.id} {self.version}"

    @property
    def facts(self) -> dict[str, str | int]:
        """Its entry in a run's manifest."""
        return {"id": self.id, "version": self.version, "title": self.title, "sha256": self.sha256}

    def metric_name(self, name: str) -> str:
        """The name of one of its metrics in runs: ``vqfr:psnr``, or the bare name if it is the benchmark's own."""
        return name if self.own else f"{self.id}{JOINT}{name}"

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of its metrics in runs."""
        return tuple(map(self.metric_name, self.metrics))


def names() -> list[str]:
    """The ids of all shipped records."""
    return sorted(path.stem for path in RECORDS.glob(f"*{SUFFIX}"))


def find(name: str) -> Record:
    """The record with an id, or in a user's file.

    Args:
        name: an id, or the path of a ``.yaml`` file.

    Raises:
        UserError: no such protocol, or a file that is not a record.

    Example:
        >>> find("vqfr").tasks
        ('512x1',)
    """
    if name in names():
        return _read(RECORDS / f"{name}{SUFFIX}")
    path = Path(name).expanduser()
    if path.suffix == SUFFIX:
        if not path.is_file():
            raise UserError(f"protocol {name}: there is no such file")
        return _read(path)
    raise UserError(unknown_name("protocol", name, names()))


def record_of(metric: str, chosen: str | None = None) -> Record | None:
    """The record that a metric's name belongs to; ``None`` if there is none.

    Args:
        metric: its name, such as ``vqfr:psnr``.
        chosen: the run's protocol, which may be a file.
    """
    given = find(chosen) if chosen else None
    if given and metric in given.metric_names:
        return given
    prefix, joint, _ = metric.partition(JOINT)
    return find(prefix) if joint and prefix in names() else None


def _read(path: Path) -> Record:
    status = path.stat()
    return _parsed(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache
def _parsed(path: Path, _time: int, _size: int) -> Record:
    file = read_marked_yaml(path)
    if not isinstance(file.value, dict):
        wanted = ", ".join(name for name, field in Record.model_fields.items() if field.is_required())
        raise file.error(f"is not a protocol; write 'key: value' for {wanted}")
    try:
        record = Record.model_validate(file.value)
    except ValidationError as error:
        first = error.errors()[0]
        keys = [key for key in first["loc"] if not str(key).startswith("dict[")]
        raise file.error(f"{'.'.join(map(str, keys))}: {requirement(first)}", *keys) from None
    if path.parent != RECORDS and record.id in names():
        raise file.error(f"id: {record.id} is a protocol of fsrbench; choose another id", "id")
    return record.model_copy(update={"sha256": sha256_of(path), "path": path})
