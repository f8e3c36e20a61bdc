"""What to run: the run's specification, validated before any work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from fsrbench.errors import UserError
from fsrbench.tasks import TASKS, Task
from fsrbench.weights.known import parse_named

MOST_SEED: Final = 2**32 - 3
"""NumPy's and SciPy's generators take 32 bits, and verification draws by the seed and by the two after it."""


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
            return dict(parse_named(f"{name}={file}") for name, file in files.items())
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


PART = re.compile(r'(?:^|,)(\s*"[^"]*"\s*(?=,|$)|[^,]*)')


QUOTED = re.compile(r'"[^"]*"')


def names_in(text: str) -> list[str]:
    """The names of a comma-separated list.

    Commas inside double quotes separate nothing, nor do those in a path that exists: of ``images:sr,v2,bicubic`` the
    longest part behind ``images:`` that is a file or folder belongs together.
    """
    parts = PART.findall(text)
    found: list[str] = []
    while parts:
        together = next((n for n in range(len(parts), 1, -1) if _is_path(",".join(parts[:n]))), 1)
        name = ",".join(parts[:together]).strip()
        found.append(name[1:-1] if QUOTED.fullmatch(name) else name)
        parts = parts[together:]
    return [name for name in found if name]


def _is_path(name: str) -> bool:
    """Whether a name is a kind and a file or folder that exists, as in ``images:DIR``."""
    kind, colon, path = name.strip().partition(":")
    try:
        return bool(colon and re.fullmatch(r"[a-z]+", kind) and path and Path(path).expanduser().exists())
    except (OSError, RuntimeError, ValueError):
        return False
