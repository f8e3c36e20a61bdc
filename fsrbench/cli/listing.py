"""``fsrbench list``: known names, with one line on each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from fsrbench.errors import FsrbenchError, UserError, unknown_name

Row = tuple[str, ...]


def print_list(kind: str) -> None:
    """Print all names of a kind.

    Raises:
        UserError: no such kind.
    """
    if kind not in LISTS:
        raise UserError(unknown_name("kind of list", kind, LISTS))
    headings, rows = LISTS[kind]
    table = Table(box=box.SIMPLE_HEAD)
    for column, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=column == 0)  # names stay on one line, the rest wraps
    for row in rows():
        table.add_row(*row)
    Console(highlight=False).print(table)


def _methods() -> Iterator[Row]:
    from fsrbench.methods.base import METHODS, describe
    from fsrbench.methods.names import KINDS, find_method

    for name in METHODS.names():
        try:
            method = find_method(name)
            yield (
                name,
                ", ".join([*(method.tasks or ["any"]), *(["any LR size"] if method.any_side else [])]),
                describe(method),
            )
        except FsrbenchError as error:
            yield name, "-", str(error)
    for kind in KINDS.values():
        written, _, what = kind.help.partition(", ")
        yield written, "", what


def _metrics() -> Iterator[Row]:
    from fsrbench.metrics import METRICS, PRESETS

    for name in METRICS.names():
        try:
            metric = METRICS.get(name)()
            yield name, metric.unit, metric.direction, ", ".join(sorted(metric.needs)), metric.protocol
        except FsrbenchError as error:
            yield name, "-", "-", "-", str(error)
    for name, members in PRESETS.items():
        yield name, "", "", "", f"preset: {', '.join(members)}"


def _datasets() -> Iterator[Row]:
    from fsrbench.datasets import prepared
    from fsrbench.datasets.base import DATASETS

    for name in DATASETS.names():
        try:
            yield name, (DATASETS.get(name).__doc__ or "").partition("\n")[0]
        except FsrbenchError as error:
            yield name, str(error)
    for name in prepared.names():
        yield name, escape(prepared.describe(prepared.home() / name))


def _degradations() -> Iterator[Row]:
    from fsrbench.degradations.recipes import DEGRADATIONS
    from fsrbench.degradations.strengths import STRENGTHS

    for name, degradation in DEGRADATIONS.items():
        yield name, degradation.protocol
    for name, strengths in STRENGTHS.items():
        unit = f"{strengths.least:g} to {strengths.most:g} ({strengths.unit})"
        yield f"{name}:STRENGTH", f"{strengths.protocol.format('STRENGTH')}; {unit}"


def _protocols() -> Iterator[Row]:
    from fsrbench.protocols.record import find, names

    for name in names():
        record = find(name)
        yield name, str(record.version), ", ".join(record.tasks), record.title, " ".join(record.metrics)


def _weights() -> Iterator[Row]:
    from fsrbench import weights

    for name, weight in weights.known_files().items():
        try:
            where = str(weights.find(name))
        except FsrbenchError:
            where = "not here"
        yield name, weight.file, weight.licence, where


LISTS: dict[str, tuple[Row, Callable[[], Iterator[Row]]]] = {
    "methods": (("method", "tasks", "what it is"), _methods),
    "metrics": (("metric", "unit", "better", "needs", "protocol"), _metrics),
    "datasets": (("dataset", "what it is"), _datasets),
    "degradations": (("degradation", "how LR is made"), _degradations),
    "protocols": (("protocol", "version", "tasks", "what it is", "metrics, each as PROTOCOL:METRIC"), _protocols),
    "weights": (("weights", "file", "licence", "where"), _weights),
}
