"""What to run: each setting's type, default, limits and help text, shared by flags, ``evaluate`` and YAML files."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeVar, get_type_hints

from annotated_types import Ge, Gt, Le

from fsrbench.errors import UserError, requirement, unknown_name
from fsrbench.files.lists import names_in
from fsrbench.files.named_methods import NotAMethod, as_texts, named_methods
from fsrbench.stats.seeds import MOST_SEED
from fsrbench.tasks import AUTO, Task, find_task

if TYPE_CHECKING:  # pydantic would double the time of --help
    from pydantic import TypeAdapter

Value = TypeVar("Value")
LISTS: Final = ("methods", "metrics")
"""Settings that are lists of names."""
PATHS: Final = ("out", "pairs", "groups")
Alignment = Literal["hr", "sr", "lr", "given", "none"]
"""What aligns a face: landmarks found on HR (LR without HR), on each picture itself or on LR, a list, or nothing."""
ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):\d{1,5}")
"""Address of a Dask scheduler."""


@dataclass(frozen=True)
class Flag:
    """The option of ``fsrbench run`` for a setting."""

    help: str
    names: str = ""
    """Names of the option, if not ``--name``."""


@dataclass(frozen=True)
class RunSpec:
    """The settings of a run; made by :func:`parse_spec`, which checks them."""

    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"allow_inf_nan": False}

    methods: Annotated[
        dict[str, str], Flag("Methods, comma-separated: METHOD or NAME=METHOD; see `fsrbench list methods`.")
    ]
    """Name in tables -> registered name, or ``kind:target``."""
    task: Annotated[str, Flag("x4 (16->64 px), x8 (16->128), LRxSCALE (128x4, 512x1) or auto: from the data.")] = "x4"
    protocol: Annotated[str | None, Flag("How a paper measures: task and metrics; `fsrbench list protocols`.")] = None
    data: Annotated[str, Flag("sample, a folder, a .zip or a dataset's name.")] = "sample"
    degradation: Annotated[str, Flag("How LR is made from HR.")] = "bicubic"
    metrics: Annotated[tuple[str, ...], Flag("Metrics and presets (fast, paper, all), comma-separated.")] = ("paper",)
    limit: Annotated[int | None, Ge(1), Flag("Only the first N samples in sorted order.")] = None
    reference: Annotated[
        str | None,
        Flag("Set, or .npz, .pkl or .pth of its Inception statistics, that FID and KID compare with; HR by default."),
    ] = None
    pairs: Annotated[Path | None, Flag("Verification pairs: CSV, or the format of LFW's pairs.txt.")] = None
    groups: Annotated[Path | None, Flag("Labels of images, CSV: image,sex,age...; docs/groups.md.")] = None
    sides: Annotated[Literal["one", "both"], Flag("Recognition: SR on one side (the probe) or on both.")] = "one"
    alignment: Annotated[
        Alignment, Flag("Align faces by landmarks found on hr, sr itself or lr, by given points, or none.")
    ] = "hr"
    descriptor: Annotated[
        Literal["auto", "dlib", "facenet", "arcface"], Flag("auto, dlib, facenet or arcface, for recognition.")
    ] = "auto"
    timing: Annotated[Literal["quick", "full"], Flag("quick, or full (a minute) for latencies to publish.")] = "quick"
    ratio_to: Annotated[str | None, Flag("Method that latencies are compared to; the first by default.")] = None
    weights: Annotated[dict[str, Path], Flag("NAME=FILE, a weight file; repeatable.")] = field(default_factory=dict)
    out: Annotated[Path, Flag("The run's folder.")] = Path("runs/latest")
    device: Annotated[str, Flag("auto, cpu or cuda[:i].")] = "auto"
    seed: Annotated[int, Ge(0), Le(MOST_SEED), Flag("Seed of degradations, folds and intervals.")] = 0
    batch_size: Annotated[int | None, Ge(1), Flag("Images per batch; by default what suits the device.")] = None
    workers: Annotated[int | None, Ge(1), Flag("Share the work among N processes of this machine.")] = None
    scheduler: Annotated[str | None, Flag("Join a Dask cluster: tcp://HOST:PORT.")] = None
    isolate: Annotated[bool, Flag("Run each method in a process of its own.")] = False
    timeout: Annotated[float | None, Gt(0), Flag("With --isolate: seconds per batch; 600 by default.")] = None
    memory_limit: Annotated[float | None, Gt(0), Flag("With --isolate: GiB of memory that a method may take.")] = None
    offline: Annotated[bool, Flag("Refuse connections to other machines.")] = False
    strict: Annotated[bool, Flag("Refuse methods and data in which a check finds a fault (docs/checks.md).")] = False
    save_images: Annotated[bool, Flag("Save pictures of all images, not only the first 200 (64 at 512 px).")] = False
    cache_limit: Annotated[
        float | None, Gt(0), Flag("Limit of OUT/cache in GiB; the least recently used files are removed first.")
    ] = None
    resume: Annotated[bool, Flag("Reuse earlier results in OUT, or start anew.", "--resume/--fresh")] = True

    @property
    def the_task(self) -> Task:
        """The task's LR size and scale; raises UserError while it is ``auto``, before data has been read."""
        return find_task(self.task)

    def as_json(self) -> dict[str, Any]:
        """The settings by name, as JSON values."""
        made: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return made | {"methods": as_texts(self.methods)}


class WrongSetting(UserError):
    """A setting's value is not allowed.

    Args:
        name: of the setting.
        reason: what is wrong.
        below: keys that lead to the wrong part of the value.
    """

    def __init__(self, name: str, reason: str, below: tuple[object, ...] = ()) -> None:
        super().__init__(f"--{name.replace('_', '-')}: {reason}")
        self.name, self.reason, self.below = name, reason, below


def parse_spec(**values: Any) -> RunSpec:
    """Check settings and make a specification of them.

    Raises:
        UserError: no such setting, or a value that is not allowed (:class:`WrongSetting`).
    """
    from pydantic import ValidationError

    for name, value in values.items():
        if name not in setting_types():
            raise UserError(unknown_name("setting", name, setting_types()))
        if isinstance(value, bool) and setting_types()[name] is not bool:  # pydantic would take it for 0 or 1
            raise WrongSetting(name, f"{str(value).lower()} is not a valid value")
    if "methods" in values:
        values["methods"] = _named(values["methods"])
    try:
        spec = _adapter().validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongSetting(str(first["loc"][0]), requirement(first), first["loc"][1:]) from None
    return _checked(spec)


def _checked(spec: RunSpec) -> RunSpec:
    """The specification with each name once; refuses what types cannot express."""
    from fsrbench.weights import parse_override

    metrics = tuple(dict.fromkeys(filter(None, spec.metrics)))
    if not (spec.methods and metrics):
        raise WrongSetting("metrics" if spec.methods else "methods", "name at least one")
    task = spec.task if spec.task == AUTO else _of_setting("task", lambda: find_task(spec.task).name)
    files = [f"{name}={file}" for name, file in spec.weights.items()]
    weights = _of_setting("weights", lambda: dict(map(parse_override, files)))
    if spec.scheduler is not None and spec.workers is not None:
        raise WrongSetting("scheduler", "joins a cluster and --workers starts one: give only one")
    if spec.scheduler is not None and not ADDRESS.fullmatch(spec.scheduler):
        raise WrongSetting("scheduler", "write tcp://HOST:PORT, as the scheduler prints it")
    for limit in ("timeout", "memory_limit"):
        if getattr(spec, limit) is not None and not spec.isolate:
            raise WrongSetting(limit, "needs --isolate: a method in this process cannot be stopped")
    return replace(spec, metrics=metrics, task=task, weights=weights)


def _named(methods: object) -> dict[str, str]:
    """Check the methods setting and return it as name -> method."""
    try:
        return named_methods(methods)
    except NotAMethod as error:
        raise WrongSetting("methods", str(error), error.place) from None
    except UserError as error:
        raise WrongSetting("methods", str(error)) from None


def _of_setting(name: str, value: Callable[[], Value]) -> Value:
    """Compute a setting's value; a :class:`UserError` is raised again with the setting's name."""
    try:
        return value()
    except UserError as error:
        raise WrongSetting(name, str(error)) from None


def from_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the values of flags into settings for :func:`parse_spec`.

    Raises:
        UserError: unknown weights, or a missing weight file.
    """
    from fsrbench.weights import parse_override

    settings = {name: from_text(name, value) for name, value in flags.items()}
    if "weights" in settings:
        settings["weights"] = dict(parse_override(text) for text in settings["weights"] or ())
    return settings


def from_text(name: str, value: Any) -> Any:
    """Turn a setting as users write it into one for :func:`parse_spec`: split names at commas, expand ``~``."""
    if name in LISTS and isinstance(value, str):
        return names_in(value)
    if name in PATHS and isinstance(value, str):
        return _path(value)
    if name == "weights" and isinstance(value, dict):
        return {key: _path(path) if isinstance(path, str) else path for key, path in value.items()}
    return value


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~user with an unknown user
        return Path(text)


@functools.cache
def setting_types() -> dict[str, Any]:
    """The type of each setting, by name."""
    known = get_type_hints(RunSpec)
    return {setting.name: known[setting.name] for setting in fields(RunSpec)}


@functools.cache
def _adapter() -> TypeAdapter[RunSpec]:
    from pydantic import TypeAdapter

    return TypeAdapter(RunSpec)
