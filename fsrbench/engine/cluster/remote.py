"""What happens in a Dask worker's process: it keeps one :class:`Worker` for the run and does units as told."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch
from distributed import Reschedule, get_worker

from fsrbench import weights
from fsrbench.engine.cluster.careful import CarefulWorker, Doubt
from fsrbench.engine.plan import Shard, Unit
from fsrbench.engine.store import Store
from fsrbench.engine.worker import UnitResult, Worker
from fsrbench.errors import UserError
from fsrbench.machine import facts as machine_facts
from fsrbench.machine import memory
from fsrbench.machine.offline import hosts_of, no_connections
from fsrbench.methods.names import is_path
from fsrbench.metrics import resolve
from fsrbench.metrics.base import FeatureMetric, Metric
from fsrbench.process.state import preserved
from fsrbench.provenance.versions import versions as found_versions
from fsrbench.spec import RunSpec

TOKEN = "token"
BUSY_SECONDS = 1.0


@dataclass(frozen=True)
class Setting:
    """All that a worker must know of a run; small, because it goes with every job."""

    spec: RunSpec
    """With absolute paths: a worker's working folder may be another."""
    metrics: tuple[tuple[str, str | None], ...]
    """Names, and the extractor that was chosen for those that read one."""
    paths: dict[str, str]
    """Methods whose name is a path, with that path absolute."""
    store: Path
    scratch: Path
    """A folder of this call's, with the token file; below the store."""
    device: str
    """The main process's kind of device, ``cpu`` or ``cuda``: stored pictures depend on it."""
    own: bool
    """Whether the workers are the run's own, numbered from 0."""
    token: str = field(default_factory=lambda: uuid4().hex)
    versions: dict[str, str | None] = field(default_factory=found_versions)


@dataclass
class Done:
    """What a job gave."""

    results: list[UnitResult]
    """One for each unit, without the shard's samples."""
    fingerprints: dict[str, str]
    """Of the methods as this worker has them."""
    host: dict[str, Any]
    """What the manifest says of this worker, and its name and address."""


def make_setting(worker: Worker, scratch: Path, own: bool) -> Setting:
    """What ``worker``'s run looks like from elsewhere; the token is written.

    Raises:
        UserError: a metric that the registry does not give.
    """
    spec, store = worker.spec, worker.store.folder.absolute()
    chosen = {name: path.absolute() for name, path in spec.weights.items()}
    setting = Setting(
        spec.model_copy(update={"out": spec.out.absolute(), "weights": chosen}),
        tuple((m.name, m.extractor if isinstance(m, FeatureMetric) else None) for m in worker.metrics),
        {name: _absolute(name) for name in spec.methods if is_path(name)},
        store,
        scratch,
        worker.device.type,
        own,
        worker.token,
    )
    for metric, made in zip(worker.metrics, _metrics(setting), strict=True):
        if type(made).__qualname__ != type(metric).__qualname__:
            raise UserError(f"workers know metrics by name, and {metric.name} is another one than this run's")
    (scratch / TOKEN).write_text(setting.token, encoding="utf-8")
    return setting


def _absolute(method: str) -> str:
    kind, _, path = method.partition(":")
    return f"{kind}:{Path(path).expanduser().absolute()}"


def _metrics(setting: Setting) -> list[Metric]:
    found = resolve(name for name, _ in setting.metrics)
    for metric, (_, extractor) in zip(found, setting.metrics, strict=True):
        if isinstance(metric, FeatureMetric) and extractor is not None:
            metric.extractor = extractor
    return found


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
    """The device of the worker of this name: what was asked for by number; else its own.

    Workers of a run's own cluster take turns at the machine's ``count`` devices. Those of another cluster see what
    whoever started them lets them see (``CUDA_VISIBLE_DEVICES``), and take the first of that.
    """
    if setting.device == "cpu" or ":" in setting.spec.device:
        return torch.device(setting.spec.device if ":" in setting.spec.device else "cpu")
    return torch.device("cuda", int(name) % max(1, count) if setting.own else 0)


def unfit(setting: Setting, dask_worker: Any = None) -> str | None:
    """Why this process cannot do units of a run; ``None`` if it can.

    Args:
        setting: of the run.
        dask_worker: the worker of this process, which Dask gives to what it runs on all workers.
    """
    device = device_of(setting, dask_worker.name, torch.cuda.device_count())
    try:
        seen = (setting.scratch / TOKEN).read_text(encoding="utf-8")
    except OSError:
        seen = ""
    if seen != setting.token:
        return f"does not see {setting.store.parent}; --out must lie on a file system that all workers share"
    try:
        (setting.scratch / uuid4().hex).touch()
    except OSError as error:
        return f"cannot write to {setting.store.parent}: {error.strerror}"
    here = found_versions()
    for package, version in setting.versions.items():
        if here.get(package) != version:
            return f"has {package} {here.get(package)}, the main process {version}; scores depend on it"
    if setting.spec.isolate and multiprocessing.current_process().daemon:
        return "may start no processes, which --isolate needs: set DASK_DISTRIBUTED__WORKER__DAEMON=False for it"
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        return f"has no device {device}: torch sees {torch.cuda.device_count()} CUDA devices"
    return None


class RemoteWorker(Worker):
    """A worker of a run whose main process is elsewhere."""

    def __init__(self, setting: Setting, device: torch.device) -> None:
        super().__init__(setting.spec, _metrics(setting), device, Store(setting.store))
        self._paths, self.token = setting.paths, setting.token

    def method(self, name: str) -> Any:
        """The loaded method of a name, wherever this process's working folder is."""
        return super().method(self._paths.get(name, name))


class CarefulRemoteWorker(CarefulWorker, RemoteWorker):
    """The same, careful."""


_busy = threading.Lock()
_kept: dict[str, RemoteWorker] = {}
"""The worker of the latest run that this process was told of, by its token."""


def do_units(setting: Setting, units: Sequence[Unit], doubt: Doubt | None = None) -> Done:
    """Do units of a run here, one job at a time even where Dask gives this process several threads.

    Args:
        setting: of the run.
        units: of one shard, its HR unit first if it is among them.
        doubt: be careful, because a worker was lost with them before.

    Raises:
        UserError: this process cannot do units of the run.
        Reschedule: it is busy with others.
    """
    if not _busy.acquire(timeout=BUSY_SECONDS):
        raise Reschedule  # by Dask, to where there is room
    try:
        return _do_units(setting, units, doubt)
    finally:
        _busy.release()


def _do_units(setting: Setting, units: Sequence[Unit], doubt: Doubt | None) -> Done:
    with _as_in_the_main_process(setting):
        worker = _worker(setting) if doubt is None else _careful(setting, doubt)
        try:
            results = [worker.do(unit) for unit in units]
            made = {unit.method for unit in units if not unit.of_hr}
            fingerprints = {name: worker.keys.loaded(name) for name in made}
        finally:
            if doubt is not None:
                worker.close()
        return Done([_light(r) for r in results], fingerprints, host(setting, get_worker()))


@contextmanager
def _as_in_the_main_process(setting: Setting) -> Iterator[None]:
    """The run's weights and threads, and no connection but the cluster's own where it is offline."""
    dask_worker = get_worker()
    with ExitStack() as stack:
        stack.enter_context(preserved())  # a cluster that was joined is somebody else's
        torch.set_num_threads(dask_worker.state.nthreads)
        if setting.spec.offline:
            own = hosts_of(dask_worker.address, dask_worker.scheduler.address, str(dask_worker.nanny or ""))
            stack.enter_context(no_connections(own))
        stack.enter_context(weights.override(setting.spec.weights))
        yield


def _worker(setting: Setting) -> RemoteWorker:
    if setting.token not in _kept:
        memory.keep()
        for earlier in _kept.values():
            earlier.close()
        _kept.clear()  # their networks
        _kept[setting.token] = RemoteWorker(setting, _fit_device(setting))
    return _kept[setting.token]


def _careful(setting: Setting, doubt: Doubt) -> RemoteWorker:
    worker = CarefulRemoteWorker(setting, _fit_device(setting))
    worker.doubt = doubt
    return worker


def _fit_device(setting: Setting) -> torch.device:
    dask_worker = get_worker()
    if reason := unfit(setting, dask_worker):
        raise UserError(f"worker {dask_worker.address} {reason}")
    return device_of(setting, dask_worker.name, torch.cuda.device_count())


def _light(result: UnitResult) -> UnitResult:
    """Without the samples, which the main process has."""
    unit = result.unit
    return replace(result, unit=Unit(Shard(unit.shard.index, ()), unit.method))
