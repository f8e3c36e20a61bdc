"""What to run: the run's specification, validated before any work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from fsrbench.errors import UserError
from fsrbench.stats.seeds import MOST_SEED
from fsrbench.tasks import TASKS, Task
from fsrbench.weights import parse_override


class RunSpec(BaseModel):
    """One call of ``fsrbench run``; every field is a flag of the command."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    methods: tuple[str, ...]
    task: Literal["x4", "x8"] = "x4"
    data: str = "sample"
    degradation: str = "bicubic"
    metrics: tuple[str, ...] = ("paper",)
    limit: int | None = Field(default=None, ge=1)
    reference: str | None = None
    pairs: Path | None = None
    sides: Literal["one", "both"] = "one"
    alignment: Literal["hr", "sr"] = "hr"
    descriptor: Literal["auto", "dlib", "facenet", "arcface"] = "auto"
    timing: Literal["quick", "full"] = "quick"
    ratio_to: str | None = None
    weights: dict[str, Path] = Field(default_factory=dict)
    device: str = "auto"
    seed: int = Field(default=0, ge=0, le=MOST_SEED)
    batch_size: int | None = Field(default=None, ge=1)
    """Images a batch; without it as many as are best for the device and fit its memory."""
    workers: int | None = Field(default=None, ge=1)
    """Processes of a cluster on this machine; without these two one process does it all."""
    scheduler: str | None = None
    """Address of a Dask scheduler to join."""
    isolate: bool = False
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    memory_limit: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    offline: bool = False
    save_images: bool = False
    resume: bool = True
    out: Path = Path("runs/latest")

    @field_validator("methods", "metrics")
    @classmethod
    def _no_duplicates(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not any(names):
            raise ValueError("name at least one")
        return tuple(dict.fromkeys(n for n in names if n))

    @field_validator("weights")
    @classmethod
    def _known_weights(cls, files: dict[str, Path]) -> dict[str, Path]:
        try:
            return dict(parse_override(f"{name}={file}") for name, file in files.items())
        except UserError as error:
            raise ValueError(str(error)) from None

    @field_validator("scheduler")
    @classmethod
    def _one_cluster(cls, address: str | None, info: ValidationInfo) -> str | None:
        if address is not None and info.data.get("workers") is not None:
            raise ValueError("joins a cluster and --workers starts one: give one of the two")
        if address is not None and not re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}", address):
            raise ValueError("write tcp://HOST:PORT, as the scheduler prints it")
        return address

    @field_validator("timeout", "memory_limit")
    @classmethod
    def _only_isolated(cls, limit: float | None, info: ValidationInfo) -> float | None:
        if limit is not None and not info.data.get("isolate"):
            raise ValueError("needs --isolate: a method in this process cannot be stopped")
        return limit

    @property
    def the_task(self) -> Task:
        """The task's sizes."""
        return TASKS[self.task]


def parse_spec(**values: Any) -> RunSpec:
    """A specification from the values of flags.

    Raises:
        UserError: a value that is not allowed; the message names its flag.
    """
    try:
        return RunSpec(**values)
    except ValidationError as error:
        first = error.errors()[0]
        flag = str(first["loc"][0]).replace("_", "-")
        raise UserError(f"--{flag}: {first['msg'].removeprefix('Value error, ')}") from None
