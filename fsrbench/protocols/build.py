"""From names to metrics: those of records (``vqfr:psnr``), the benchmark's own and pyiqa's."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import ConfigDict, ValidationError, validate_call

from fsrbench import metrics
from fsrbench.errors import FsrbenchError, UserError, requirement, unknown_name
from fsrbench.metrics.base import Broken, CombinedMetric, Metric
from fsrbench.protocols import record as records
from fsrbench.protocols.measures import MEASURES
from fsrbench.protocols.record import JOINT, MetricRecord, Record


def resolve(names: Iterable[str], protocol: str | None = None) -> list[Metric]:
    """Metrics for names and presets, each once and in the given order; the parts of a combined one before it.

    Args:
        names: as ``--metrics`` takes them.
        protocol: the run's, if any; its metrics are known even if it is a file.

    Raises:
        UserError: an unknown name.

    Example:
        >>> [metric.name for metric in resolve(["psnr", "vqfr:psnr"])]
        ['psnr', 'vqfr:psnr']
    """
    found: dict[str, Metric] = {}
    for name in names:
        for metric in _metrics(name, protocol):
            found.setdefault(metric.name, metric)
    return list(found.values())


def _metrics(name: str, protocol: str | None) -> list[Metric]:
    if JOINT not in name or name in metrics.METRICS:
        return metrics.resolve([name])
    record = records.record_of(name, protocol)
    prefix, _, metric = name.partition(JOINT)
    if record is None:
        raise UserError(f"metric {name}: {unknown_name('protocol', prefix, records.names())}")
    if metric not in record.metrics:
        raise UserError(unknown_name(f"metric of protocol {record.id}", metric, record.metrics))
    made = build(record, metric)
    parts = made.parts if isinstance(made, CombinedMetric) else ()
    return [*(part for each in parts for part in _metrics(each, protocol)), made]


def build(record: Record, name: str) -> Metric:
    """One metric of a record; a :class:`Broken` one if it is unavailable here.

    Args:
        record: the protocol.
        name: of the metric in the record.

    Raises:
        UserError: the record has an unknown measure or an invalid choice.
    """
    entry = record.metrics[name]
    try:
        return _computed(record, name, entry).replace(name=record.metric_name(name), title=entry.title)
    except UserError:
        raise
    except FsrbenchError as error:
        return Broken(record.metric_name(name), error)


def _computed(record: Record, name: str, entry: MetricRecord) -> Metric:
    where = f"protocol {record.id}, metric {name}"
    if entry.measure not in MEASURES:
        raise UserError(f"{where}: {unknown_name('measure', entry.measure, MEASURES)}")
    try:
        made: Metric = validate_call(config=ConfigDict(strict=True))(MEASURES[entry.measure])(**entry.choices)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{where}: choice {first['loc'][0]}: {requirement(first)}") from None
    return made


def described(metric: Metric, protocol: str | None = None) -> str:
    """A metric's protocol line; for a metric of a record, with the record's label before and its note after it.

    Args:
        metric: of a run.
        protocol: the run's.
    """
    record = records.record_of(metric.name, protocol)
    if record is None or record.own:
        return metric.protocol
    note = record.metrics[metric.name.partition(JOINT)[2]].note
    return "; ".join(filter(None, (f"protocol {record.label}: {metric.protocol}", note)))
