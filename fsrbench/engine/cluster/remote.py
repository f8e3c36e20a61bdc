"""The Dask worker's side of a cluster: it keeps one :class:`Worker` per run and computes units."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from distributed import Reschedule, get_worker

from fsrbench import weights
from fsrbench.engine.context import Context
from fsrbench.engine.plan import Shard, Unit
from fsrbench.engine.results import UnitResult
from fsrbench.engine.store import Store
from fsrbench.engine.worker import Worker
from fsrbench.errors import UserError
from fsrbench.machine import facts as machine_facts
from fsrbench.machine import memory
from fsrbench.machine.offline import hosts_of, no_connections
from fsrbench.methods.names import is_path
from fsrbench.metrics.base import FeatureMetric, Metric
from fsrbench.process.state import preserved
from fsrbench.protocols.build import resolve
from fsrbench.provenance.versions import versions as found_versions
from fsrbench.spec import RunSpec

TOKEN = "token"
BUSY_SECONDS = 1.0
NO_TIMEOUT = 7 * 24 * 3600.0
"""Seconds a batch may take if no limit is set."""


@dataclass(frozen=True)
class Setting:
    """All that a worker needs to know of a run; small, because it is sent with every job."""

    spec: RunSpec
    """With absolute paths: a worker may have another working folder."""
    metrics: tuple[tuple[str, Mapping[str, Any]], ...]
    """Names, and the attributes chosen for this run; for feature metrics only ``extractor``."""
    paths: dict[str, str]
    """Methods given by a path, with the path made absolute."""
    store: Path
    scratch: Path
    """A folder of this call with the token file, below the store."""
    device: str
    """The main process's kind of device, ``cpu`` or ``cuda``: stored pictures depend on it."""
    own: bool
    """Whether the workers are the run's own, numbered from 0."""
    token: str = field(default_factory=lambda: uuid4().hex)
    versions: dict[str, str | None] = field(default_factory=found_versions)


@dataclass
class Done:
    """The result of a job."""

    results: list[UnitResult]
    """One for each unit, without the shard's samples."""
    fingerprints: dict[str, str]
    """Of the methods as this worker has them."""
    host: dict[str, Any]
    """What the manifest says of this worker, and its name and address."""


def make_setting(context: Context, scratch: Path, own: bool) -> Setting:
    """The setting of a run; writes the token file.

    Raises:
        UserError: a metric is not the one that the registry has under its name.
    """
    spec, store = context.spec, context.store.folder.absolute()
    metrics = context.measures.metrics
    chosen = {name: path.absolute() for name, path in spec.weights.items()}
    setting = Setting(
        replace(spec, out=spec.out.absolute(), weights=chosen),
        tuple(
            (m.name, {"extractor": m.extractor} if isinstance(m, FeatureMetric) else dict(m.chosen)) for m in metrics
        ),
        {name: _absolute(source) for name, source in spec.methods.items() if is_path(source)},
        store,
        scratch,
        context.device.type,
        own,
        context.keys.token,
    )
    for metric, made in zip(metrics, _metrics(setting), strict=True):
        if type(made).__qualname__ != type(metric).__qualname__:
            raise UserError(f"workers look metrics up by name and would find another {metric.name} than this run's")
    (scratch / TOKEN).write_text(setting.token, encoding="utf-8")
    return setting


def _absolute(method: str) -> str:
    kind, _, path = method.partition(":")
    return f"{kind}:{Path(path).expanduser().absolute()}"


def _metrics(setting: Setting) -> list[Metric]:
    """The metrics that the run can measure; a combined one may be present without all of its parts."""
    chosen = dict(setting.metrics)
    found = resolve(chosen, setting.spec.protocol)
    return [metric.replace(**chosen[metric.name]) for metric in found if metric.name in chosen]


def host(setting: Setting, dask_worker: Any) -> dict[str, Any]:
    """What the manifest says of a worker, and its name and address."""
    return {
        "name": str(dask_worker.name),
        "address": dask_worker.address,
        "threads": dask_worker.state.nthreads,
        "cpu": machine_facts.cpu(),
        "device": str(device_of(setting, dask_worker.name, torch.cuda.device_count())),
    }


def device_of(setting: Setting, name: Any, count: int) -> torch.device:
    """The device of a worker: the one requested by number, else its own.

    Workers of a run's own cluster share the machine's ``count`` devices. Those of a joined cluster take the first
    device that they see (``CUDA_VISIBLE_DEVICES``).
    """
    if setting.device == "cpu" or ":" in setting.spec.device:
        return torch.device(setting.spec.device if ":" in setting.spec.device else "cpu")
    return torch.device("cuda", int(name) % max(1, count) if setting.own else 0)


def unfit(setting: Setting, dask_worker: Any = None) -> str | None:
    """Why this process cannot compute units of a run; ``None`` if it can.

    Args:
        setting: of the run.
        dask_worker: the worker of this process, passed in by Dask.
    """
    device = device_of(setting, dask_worker.name, torch.cuda.device_count())
    try:
        seen = (setting.scratch / TOKEN).read_text(encoding="utf-8")
    except OSError:
        seen = ""
    if seen != setting.token:
        return f"does not see {setting.store.parent}; --out must be on a file system that all workers share"
    try:
        (setting.scratch / uuid4().hex).touch()
    except OSError as error:
        return f"cannot write to {setting.store.parent}: {error.strerror}"
    installed = found_versions()
    for package, version in setting.versions.items():
        if installed.get(package) != version:
            return f"has {package} {installed.get(package)}, the main process {version}; scores depend on it"
    if setting.spec.isolate and multiprocessing.current_process().daemon:
        return "may not start processes, which --isolate needs: set DASK_DISTRIBUTED__WORKER__DAEMON=False for it"
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        return f"has no device {device}: torch sees {torch.cuda.device_count()} CUDA devices"
    return None


def with_isolation(spec: RunSpec) -> RunSpec:
    """The specification with methods in processes of their own, so that a method that crashes does not end its worker.

    Daemons may not start processes: there methods run in the worker. Only ``--isolate`` sets a time limit by default.
    """
    if spec.isolate or multiprocessing.current_process().daemon:
        return spec
    return replace(spec, isolate=True, timeout=NO_TIMEOUT)


def remote_context(setting: Setting, device: torch.device) -> Context:
    """The context of a run in a worker process."""
    spec, store = with_isolation(setting.spec), Store(setting.store)
    context = Context(spec, _metrics(setting), device, store, setting.paths)
    context.keys.token = setting.token
    return context


_busy = threading.Lock()
_contexts: dict[str, tuple[Context, Worker]] = {}
"""Context and worker of the latest run in this process, by its token."""


def run_units(setting: Setting, units: Sequence[Unit]) -> Done:
    """Compute units of a run in this process, one job at a time even if Dask gives it several threads.

    Args:
        setting: of the run.
        units: of one shard, its HR unit first if included.

    Raises:
        UserError: this process cannot compute units of the run.
        Reschedule: it is busy with another job.
    """
    if not _busy.acquire(timeout=BUSY_SECONDS):
        raise Reschedule  # Dask sends it to another worker
    try:
        return _run_units(setting, units)
    finally:
        _busy.release()


def _run_units(setting: Setting, units: Sequence[Unit]) -> Done:
    with _as_in_the_main_process(setting):
        context, worker = _context(setting)
        results = [worker.run_unit(unit) for unit in units]
        fingerprints = {r.unit.method: context.keys.loaded(r.unit.method) for r in results if r.stored_at}
        return Done([_light(r) for r in results], fingerprints, host(setting, get_worker()))


@contextmanager
def _as_in_the_main_process(setting: Setting) -> Iterator[None]:
    """Apply the run's weights and threads, and allow only the cluster's own connections if it is offline."""
    dask_worker = get_worker()
    with ExitStack() as stack:
        stack.enter_context(preserved())  # a joined cluster belongs to others
        torch.set_num_threads(dask_worker.state.nthreads)
        if setting.spec.offline:
            own = hosts_of(dask_worker.address, dask_worker.scheduler.address, str(dask_worker.nanny or ""))
            stack.enter_context(no_connections(own))
        stack.enter_context(weights.override(setting.spec.weights))
        yield


def _context(setting: Setting) -> tuple[Context, Worker]:
    if setting.token not in _contexts:
        memory.tune_malloc()
        _release()
        context = remote_context(setting, _fit_device(setting))
        _contexts[setting.token] = context, Worker(context)
    return _contexts[setting.token]


def _release() -> None:
    """End the processes of an earlier run's methods, and drop its networks."""
    for context, _ in _contexts.values():
        context.close()
    _contexts.clear()


def release(token: str) -> None:
    """Free what a finished run holds in this process, unless the process is busy."""
    if _busy.acquire(blocking=False):
        try:
            if token in _contexts:
                _release()
        finally:
            _busy.release()


def _fit_device(setting: Setting) -> torch.device:
    dask_worker = get_worker()
    if reason := unfit(setting, dask_worker):
        raise UserError(f"worker {dask_worker.address} {reason}")
    return device_of(setting, dask_worker.name, torch.cuda.device_count())


def _light(result: UnitResult) -> UnitResult:
    """The result without the samples, which the main process has."""
    unit = result.unit
    return replace(result, unit=Unit(Shard(unit.shard.index, ()), unit.method))
