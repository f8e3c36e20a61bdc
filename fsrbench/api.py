"""The benchmark from Python: :func:`evaluate`, which ``fsrbench run`` calls, too."""

from __future__ import annotations

import dataclasses
import inspect
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from fsrbench.benchmark import benchmark
from fsrbench.errors import UserError
from fsrbench.files.named_methods import refusal, split_label
from fsrbench.files.temporary import KeptFolder
from fsrbench.machine.console import Reporter, silent
from fsrbench.protocols.settings import with_protocol
from fsrbench.registry import Registry
from fsrbench.runs.data import RunData
from fsrbench.spec import RunSpec, parse_spec

if TYPE_CHECKING:
    from typing import TypeAlias, Unpack

    from torch import Tensor

    from fsrbench.datasets import Dataset
    from fsrbench.methods.base import Method
    from fsrbench.metrics.base import Metric

    MethodLike: TypeAlias = str | type[Method] | Method | Callable[[Tensor], Tensor]
    MetricLike: TypeAlias = str | type[Metric] | Metric


class Options(TypedDict, total=False):
    """Further settings of a run, as ``fsrbench run --help`` explains them, with the same defaults."""

    # RunSpec has their defaults, limits and help; type checkers need the types written out once more.
    task: str
    protocol: str | None
    degradation: str
    limit: int | None
    reference: str | None
    pairs: Path | None
    groups: Path | None
    sides: Literal["one", "both"]
    alignment: Literal["hr", "sr", "lr", "given", "none"]
    descriptor: Literal["auto", "dlib", "facenet", "arcface"]
    timing: Literal["quick", "full"]
    ratio_to: str | None
    weights: dict[str, Path]
    device: str
    seed: int
    batch_size: int | None
    workers: int | None
    scheduler: str | None
    isolate: bool
    timeout: float | None
    memory_limit: float | None
    offline: bool
    strict: bool
    save_images: bool
    cache_limit: float | None
    resume: bool


def evaluate(
    methods: Sequence[MethodLike] | Mapping[str, MethodLike],
    data: str | Path | Dataset = "sample",
    metrics: Sequence[MetricLike] | None = None,
    *,
    out: str | Path | None = None,
    progress: bool = True,
    **options: Unpack[Options],
) -> RunData:
    """Super-resolve faces with several methods and measure the results.

    Args:
        methods: names as on the command line; :class:`fsrbench.Method` classes or objects; functions and networks that
            turn LR (float N,3,h,w in [0, 1], RGB) into SR (N,3,h*scale,w*scale). A mapping gives any of them names.
        data: a dataset's name, a folder, a zip or a :class:`fsrbench.Dataset`.
        metrics: names and presets (``fast``, ``paper``, ``all``), or :class:`fsrbench.Metric` classes or objects; by
            default those of ``protocol``, else ``paper``.
        out: the run's folder, with everything that ``fsrbench run`` writes; results already in it are reused.
            Without it only the returned object remains.
        progress: show progress and warnings on standard error.
        **options: ``task="x8"``, ``degradation="realworld"``, ``limit=100``, ...; see :class:`fsrbench.Options`.

    Returns:
        The run: ``scores`` (one row per method, image and metric), ``summary`` (one row per method and metric, with
        interval, status and note), ``details``, ``curves`` and ``images`` as data frames, and the ``manifest``.

    Raises:
        UserError: unknown names or settings that cannot be used. A failing method or metric does not raise: its rows
            have a status and a note.

    Example:
        >>> from torch.nn.functional import interpolate
        >>> run = evaluate(
        ...     {"bicubic": "bicubic", "blocks": lambda lr: interpolate(lr, scale_factor=4)},
        ...     metrics=["psnr"], limit=6, progress=False,
        ... )
        >>> run.summary.query("metric == 'psnr'")[["method", "n", "unit"]].values.tolist()
        [['bicubic', 6.0, 'dB'], ['blocks', 6.0, 'dB']]
        >>> psnr = run.per_image("psnr")
        >>> bool(psnr["bicubic"].mean() > psnr["blocks"].mean())
        True
    """
    done = False
    with ExitStack() as stack:
        registered = _Registered(stack)
        folder = None if out is not None else KeptFolder()
        stack.callback(lambda: folder.remove() if folder and not done else None)
        given: dict[str, Any] = {
            "methods": registered.methods(methods),
            "data": registered.data(data),
            "out": Path(out) if out is not None else folder.path,  # type: ignore[union-attr]
            **options,
        }
        if metrics is not None:
            given["metrics"] = registered.metrics(metrics)
        spec = parse_spec(**with_protocol(given))
        registered.check(spec)
        reporter = Reporter() if progress else silent()
        result = benchmark(spec, reporter, complete=folder is None, known=not registered.names)
        done = True
    return dataclasses.replace(result, folder=folder)


class _Registered:
    """Registers methods, data and metrics given as objects, until ``stack`` closes."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.names: list[str] = []

    def methods(self, given: Sequence[MethodLike] | Mapping[str, MethodLike]) -> dict[str, str]:
        """Name -> registered name or ``kind:target`` of each method; objects are registered under their names."""
        if isinstance(given, str) or callable(given):
            raise UserError(f"methods: give a list, [{given!r}]" if isinstance(given, str) else "methods: give a list")
        named: dict[str, MethodLike] = {}
        for name, method in given.items() if isinstance(given, Mapping) else map(_named, given):
            if not isinstance(method, str) and (reason := refusal(str(name), f"a {type(method).__name__}")):
                raise UserError(f"methods: {reason}")
            if named.setdefault(name, method) != method:
                raise UserError(
                    f"two methods are called {name}; give each a name of its own, in a mapping or as NAME=METHOD"
                )
        objects = {name: method for name, method in named.items() if not isinstance(method, str)}
        if objects:
            from fsrbench.methods.base import METHODS
            from fsrbench.methods.callables import as_given  # takes seconds: torch

            self._register(METHODS, {name: as_given(method) for name, method in objects.items()})
        return {name: method if isinstance(method, str) else name for name, method in named.items()}

    def data(self, given: str | Path | Dataset) -> str:
        """The name of the data; a dataset is registered."""
        if isinstance(given, str | Path):
            return str(given)
        from fsrbench.datasets.base import DATASETS

        name = given.name
        while name in DATASETS:  # a subset of the sample has the sample's name
            name += " (given)"
        self._register(DATASETS, {name: lambda: given})
        return name

    def metrics(self, given: Sequence[MetricLike]) -> tuple[str, ...]:
        """The names of metrics; objects are registered."""
        if isinstance(given, str):
            raise UserError(f"metrics: give a list, [{given!r}]")
        objects = {metric.name: metric for metric in given if not isinstance(metric, str)}
        if objects:
            from fsrbench.metrics import METRICS

            made = {name: m if inspect.isclass(m) else partial(_unshared, m) for name, m in objects.items()}
            self._register(METRICS, made)
        return tuple(metric if isinstance(metric, str) else metric.name for metric in given)

    def check(self, spec: RunSpec) -> None:
        """Refuse objects where other processes would need them.

        Raises:
            UserError: the run has workers or isolated methods.
        """
        if self.names and (spec.workers or spec.scheduler or spec.isolate):
            raise UserError(
                f"{self.names[0]} is an object of this process; workers and isolated methods need an importable name, "
                "such as python:pkg.module:Name"
            )

    def _register(self, registry: Registry, objects: Mapping[str, Any]) -> None:
        self.names += objects
        self._stack.enter_context(registry.temporarily(objects))


def _unshared(metric: Metric) -> Metric:
    """A copy of a metric; its scores are reused only if it declares ``settings``."""
    return metric.replace(settings=metric.settings or uuid.uuid4().hex)


def _named(method: MethodLike) -> tuple[str, MethodLike]:
    """The name of a method in a list, and the method."""
    return split_label(method) if isinstance(method, str) else (_name(method), method)


def _name(method: type[Method] | Method | Callable[[Tensor], Tensor]) -> str:
    owner = method if inspect.isclass(method) or inspect.isroutine(method) else type(method)
    name = str(getattr(owner, "__name__", ""))
    if not name.isidentifier():
        raise UserError(f"{name or method}: give it a name, in a mapping of names to methods")
    return name
