"""A verdict for people: a table on a terminal, plain lines elsewhere. What matters comes first."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fsrbench.gate.findings import Finding, Kind, Verdict

_STYLES = {
    Kind.REGRESSED: "bold red",
    Kind.LOST: "bold red",
    Kind.IMPROVED: "green",
    Kind.APPEARED: "cyan",
    Kind.CHANCE: "yellow",
}
"""Kinds that are shown one by one; the others are only counted in the summary."""


def print_verdict(verdict: Verdict, console: Console | None = None) -> None:
    """Print a verdict to standard output."""
    console = console or Console(highlight=False)
    shown = [finding for finding in verdict.findings if finding.kind in _STYLES]
    if console.is_terminal:
        if shown:
            console.print(_table(shown))
        for note in verdict.notes:
            console.print(Text(f"note: {note}", style="dim"))
        console.print(Text(verdict.summary(), style="bold red" if verdict.red else "bold green"))
        if verdict.advice():
            console.print(Text(verdict.advice(), style="dim"), soft_wrap=True)
    else:
        console.print(plain(verdict), markup=False, soft_wrap=True, end="")


def plain(verdict: Verdict) -> str:
    """A verdict as lines: findings, notes, the summary and what to do."""
    lines = [line(finding) for finding in verdict.findings if finding.kind in _STYLES]
    lines += [f"note: {note}" for note in verdict.notes]
    lines += [verdict.summary(), verdict.advice()]
    return "".join(f"{text}\n" for text in lines if text)


def line(finding: Finding) -> str:
    """One finding in a line: ``regressed: ours, PSNR: 26.085 -> 25.912 dB (...)``."""
    return ": ".join(part for part in (str(finding.kind), finding.title, *details(finding)) if part)


def details(finding: Finding) -> list[str]:
    """Numbers and note of a finding, as far as it has them."""
    return [part for part in (finding.numbers(), finding.note) if part]


def _table(findings: list[Finding]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "Method", "Metric", ""):
        table.add_column(heading, no_wrap=heading != "")
    for finding in findings:
        metric = finding.info.title if finding.info else ""
        texts = [Text(text) for text in (finding.method, metric, "; ".join(details(finding)))]
        table.add_row(Text(str(finding.kind), style=_STYLES[finding.kind]), *texts)
    return table
