"""The benchmark from Python: :func:`evaluate`, which is also what ``fsrbench run`` calls."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from fsrbench.benchmark import benchmark
from fsrbench.errors import UserError
from fsrbench.files.temporary import KeptFolder
from fsrbench.machine.console import Reporter, silent
from fsrbench.registry import Registry
from fsrbench.runs.data import RunData
from fsrbench.spec import RunSpec, parse_spec

if TYPE_CHECKING:
    from typing import Unpack

    from torch import Tensor

    from fsrbench.datasets import Dataset
    from fsrbench.methods.base import Method
    from fsrbench.metrics.base import Metric

    GivenMethod = str | type[Method] | Method | Callable[[Tensor], Tensor]
    GivenMetric = str | type[Metric] | Metric


class Options(TypedDict, total=False):
    """What else may be settled; the defaults are those of ``fsrbench run``, whose ``--help`` explains them."""

    limit: int | None
    reference: str | None
    pairs: Path | None
    sides: str
    alignment: str
    descriptor: str
    timing: str
    ratio_to: str | None
    weights: Mapping[str, Path]
    device: str
    seed: int
    batch_size: int | None
    workers: int | None
    scheduler: str | None
    isolate: bool
    timeout: float | None
    memory_limit: float | None
    offline: bool
    save_images: bool
    resume: bool


def evaluate(
    methods: Sequence[GivenMethod] | Mapping[str, GivenMethod],
    data: str | Path | Dataset = "sample",
    metrics: Sequence[GivenMetric] = ("paper",),
    *,
    task: str = "x4",
    degradation: str = "bicubic",
    out: str | Path | None = None,
    progress: bool = True,
    **options: Unpack[Options],
) -> RunData:
    """Super-resolve faces with some methods and measure them.

    Args:
        methods: names as on the command line; :class:`fsrbench.Method` classes or objects; functions and networks that
            turn LR (float N,3,h,w in [0, 1], RGB) into SR (N,3,h*scale,w*scale). A mapping gives them names.
        data: a dataset's name, a folder, a zip or a :class:`fsrbench.datasets.Dataset`.
        metrics: names and presets (``fast``, ``paper``, ``all``), or :class:`fsrbench.metrics.base.Metric` objects.
        task: ``x4`` (16 to 64 px) or ``x8`` (16 to 128 px).
        degradation: how LR is made from HR; see ``fsrbench list degradations``.
        out: the run's folder, with everything that ``fsrbench run`` writes; what was done there before is used again.
            Without it nothing is kept but the result.
        progress: tell on standard error how far it is, and warn.
        **options: see :class:`Options`.

    Returns:
        The run: ``scores`` (one row a method, image and metric), ``summary`` (one row a method and metric, with
        interval, status and note), ``details``, ``curves`` and ``images`` as data frames, and the ``manifest``.

    Raises:
        UserError: something that is asked for does not exist, or cannot be done. What a method or a metric fails on
            is no error: its rows have a status and a note.

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
    with ExitStack() as around:
        given = _Given(around)
        names = given.methods(methods), given.data(data), given.metrics(metrics)
        folder = None if out is not None else KeptFolder()
        around.callback(lambda: folder.remove() if folder and not done else None)
        spec = parse_spec(
            methods=names[0],
            data=names[1],
            metrics=names[2],
            task=task,
            degradation=degradation,
            out=Path(out) if out is not None else folder.path,  # type: ignore[union-attr]
            **options,
        )
        given.check(spec)
        reporter = Reporter() if progress else silent()
        result = benchmark(spec, reporter, complete=folder is None, known=not given.objects)
        done = True
    return dataclasses.replace(result, folder=folder)


class _Given:
    """What is given as it is and not by name; known by a name inside a block.

    Args:
        around: the block.
    """

    def __init__(self, around: ExitStack) -> None:
        self._around = around
        self.objects: list[str] = []

    def methods(self, given: Sequence[GivenMethod] | Mapping[str, GivenMethod]) -> tuple[str, ...]:
        """Names of methods."""
        if isinstance(given, str) or callable(given):
            raise UserError(f"methods: give a list, [{given!r}]" if isinstance(given, str) else "methods: give a list")
        named: dict[str, GivenMethod] = {}
        for name, method in given.items() if isinstance(given, Mapping) else ((_name(m), m) for m in given):
            if named.setdefault(name, method) != method:
                raise UserError(f"two methods are called {name}; give a mapping of names to methods")
        found = {name: method for name, method in named.items() if method != name}
        aliases = [name for name, method in found.items() if isinstance(method, str)]
        if aliases:
            raise UserError(f"{aliases[0]}: a method that is known by name keeps it; rename it in a table's layout")
        if found:
            from fsrbench.methods.base import METHODS
            from fsrbench.methods.callables import as_given  # takes seconds: torch

            self._know(METHODS, {name: as_given(method) for name, method in found.items()})
        return tuple(named)

    def data(self, given: str | Path | Dataset) -> str:
        """Name of the data."""
        if isinstance(given, str | Path):
            return str(given)
        from fsrbench.datasets.base import DATASETS

        name = given.name
        while name in DATASETS:  # a part of the sample is called sample, too
            name += " (given)"
        self._know(DATASETS, {name: lambda: given})
        return name

    def metrics(self, given: Sequence[GivenMetric]) -> tuple[str, ...]:
        """Names of metrics."""
        if isinstance(given, str):
            raise UserError(f"metrics: give a list, [{given!r}]")
        found = {metric.name: metric for metric in given if not isinstance(metric, str)}
        if found:
            from fsrbench.metrics import METRICS

            self._know(METRICS, {name: m if inspect.isclass(m) else partial(_once, m) for name, m in found.items()})
        return tuple(metric if isinstance(metric, str) else metric.name for metric in given)

    def check(self, spec: RunSpec) -> None:
        """Refuse where other processes would have to know what only this one does."""
        if self.objects and (spec.workers or spec.scheduler or spec.isolate):
            raise UserError(
                f"{self.objects[0]} is an object of this process; workers and isolated methods' processes know names "
                "alone, such as python:pkg.module:Name"
            )

    def _know(self, registry: Registry, found: Mapping[str, Any]) -> None:
        self.objects += found
        self._around.enter_context(registry.also(found))


def _once(metric: Metric) -> Metric:
    """A metric whose scores are used again only if it tells its settings."""
    metric = copy.copy(metric)
    metric.settings = metric.settings or uuid.uuid4().hex
    return metric


def _name(method: GivenMethod) -> str:
    if isinstance(method, str):
        return method
    named = method if inspect.isclass(method) or inspect.isroutine(method) else type(method)
    name = str(getattr(named, "__name__", ""))
    if not name.isidentifier():
        raise UserError(f"{name or method}: give it a name, in a mapping of names to methods")
    return name
