"""The tables of an audit, as Markdown and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fsrbench.audit.findings import Findings
from fsrbench.audit.protocols import DEFAULT
from fsrbench.errors import counted
from fsrbench.files.markdown import escape, markdown_table
from fsrbench.reports.tables.model import NO_VALUE
from fsrbench.runs.metric_info import MetricInfo

INTRODUCTION: Final = (
    "The same pictures and the same metric, measured as other papers measure them. The default is fsrbench's own "
    "protocol; in brackets the difference from it. In rankings > is more than chance (paired tests, "
    "Holm over the pairs of methods, 5 %), ≈ is not."
)


@dataclass(frozen=True)
class Grid:
    """A table whose first column is the group of a row."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int
    """Columns of text; the others hold numbers."""
    first: int = 0
    """The first column that the terminal shows; it separates groups by lines instead."""


def markdown(findings: Findings) -> str:
    """The whole report."""
    lines = ["# Audit", "", escape(f"{_facts(findings)} {INTRODUCTION}"), ""]
    for grid in grids(findings):
        headings, *rows = ([*map(escape, cells)] for cells in (grid.headings, *grid.rows))
        align = "l" * grid.words + "r" * (len(headings) - grid.words)
        lines += [f"## {escape(grid.title)}", "", markdown_table(headings, rows, align), ""]
    for title, entries in sections(findings):
        lines += [f"## {title}", "", *(f"- {escape(entry)}" for entry in entries), ""]
    return "\n".join(lines[:-1]) + "\n"


@dataclass(frozen=True)
class TerminalAudit:
    """An audit for ``rich`` to print: the tables, the rankings and what is missing."""

    findings: Findings

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Print the tables, then the rest; how to recompute each protocol is only in the file."""
        yield Text(_facts(self.findings), style="bold")
        yield Text(INTRODUCTION, style="dim")
        for grid in grids(self.findings):
            yield _drawn(grid)
        for title, entries in sections(self.findings, recipes=False):
            yield Text(f"{title}:", style="bold")
            yield from (Text(f"  {entry}") for entry in entries)


def _drawn(grid: Grid) -> RichTable:
    table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, title=grid.title, title_justify="left", title_style="bold")
    for column, heading in enumerate(grid.headings[grid.first :], grid.first):
        table.add_column(Text(heading), justify="left" if column < grid.words else "right", overflow="fold")
    group = grid.rows[0][0]
    for row in grid.rows:
        if row[0] != group:
            table.add_section()
        group = row[0]
        table.add_row(*map(Text, row[grid.first :]), style="bold" if row[1] == DEFAULT else "")
    return table


def grids(findings: Findings) -> Iterable[Grid]:
    """The spread of all metrics, then each metric in full."""
    metrics = [metric for metric in findings.metrics if findings.protocols_of(metric)]
    rows = [row for metric in metrics for row in _spread_rows(findings, metric)]
    if rows:
        yield Grid("Spread", ("Metric", "Method", "Lowest", "Highest", "Default", "Spread"), tuple(rows), words=4)
    for metric in metrics:
        methods = findings.methods(metric)
        yield Grid(
            findings.metrics[metric].label,
            ("Varied", "Protocol", *methods),
            tuple(_metric_rows(findings, metric, methods)),
            words=2,
            first=1,
        )


def sections(findings: Findings, recipes: bool = True) -> Iterable[tuple[str, list[str]]]:
    """The sections below the tables: titles and entries, without empty ones."""
    ranking = [line for metric in findings.metrics for line in _ranking(findings, metric)]
    protocols = [
        f"{p.metric}, {p.name}: {p.recipe}"
        for metric in findings.metrics
        for p in findings.protocols_of(metric)
        if recipes
    ]
    entries = {
        "Ranking": ranking,
        "Not measured": _missing(findings),
        "Notes": list(findings.notes),
        "Protocols": protocols,
    }
    return [(title, lines) for title, lines in entries.items() if lines]


def _facts(findings: Findings) -> str:
    images = max(findings.images.values())
    fewer = [f"{findings.metrics[m].title}: {n}" for m, n in findings.images.items() if n < images]
    some = f" ({', '.join(fewer)})" if fewer else ""
    return f"{findings.setting}. First {counted(images, 'image')}{some}."


def _spread_rows(findings: Findings, metric: str) -> Iterable[tuple[str, ...]]:
    info = findings.metrics[metric]
    for method in findings.methods(metric):
        spread = findings.spread(method, metric)
        if spread is not None:
            low, high = f"{info.text(spread.low)} ({spread.lowest})", f"{info.text(spread.high)} ({spread.highest})"
            yield info.heading, method, low, high, info.text(spread.default), info.text(spread.width)


def _metric_rows(findings: Findings, metric: str, methods: Sequence[str]) -> Iterable[tuple[str, ...]]:
    for protocol in findings.protocols_of(metric):
        cells = [_cell(findings, method, metric, protocol.name) for method in methods]
        group = "" if protocol.name == DEFAULT else protocol.group
        yield group, protocol.name, *cells


def _cell(findings: Findings, method: str, metric: str, protocol: str) -> str:
    info = findings.metrics[metric]
    value, default = findings.value(method, metric, protocol), findings.value(method, metric)
    if value is None:
        return NO_VALUE
    if protocol == DEFAULT or default is None:
        return info.text(value)
    return f"{info.text(value)} ({difference(info, value - default)})"


def difference(info: MetricInfo, value: float) -> str:
    """A difference with its sign, in the metric's unit and digits."""
    shown = info.shown(value)
    return f"{'−' if shown < 0 else '+' if shown > 0 else '±'}{info.text(abs(value))}"


def _ranking(findings: Findings, metric: str) -> list[str]:
    """The order of the methods by default, and under each protocol that changes it."""
    if len(findings.ranking(metric)) < 2:
        return []
    title, others = findings.metrics[metric].title, findings.reordered(metric)
    stays = "" if others else "; no two methods change places under any other"
    by_default = f"{title}: {_order(findings, metric, DEFAULT)} by default{stays}"
    return [by_default, *(f"{title}: {_order(findings, metric, name)} with {name}" for name in others)]


def _order(findings: Findings, metric: str, protocol: str) -> str:
    info, ranking = findings.metrics[metric], findings.ranking(metric, protocol)
    values = [findings.value(method, metric, protocol) for method in ranking]
    texts = [info.text(nan if value is None else value) for value in values]
    words = f"{ranking[0]} {texts[0]}"
    for (better, worse), (last, text) in zip(pairwise(ranking), pairwise(texts), strict=True):
        apart = findings.told_apart(metric, protocol, better, worse)
        words += f" {'=' if text == last else '>' if apart else '≈'} {worse} {text}"
    return words


def _missing(findings: Findings) -> list[str]:
    """One line per reason, for rows without a number and rows that failed in part."""
    bad = findings.rows[findings.rows["status"] != "ok"]
    lines = []
    for (metric, status, note), rows in bad.groupby(["metric", "status", "note"], sort=False):
        names = rows["protocol"].unique()
        which = (
            "" if len(names) == len([p for p in findings.protocols if p.metric == metric]) else f" ({', '.join(names)})"
        )
        methods = ", ".join(rows["method"].unique())
        lines.append(f"{findings.metrics[str(metric)].title}{which}, {methods}: {status}: {note}")
    return lines
