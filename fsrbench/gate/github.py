"""A verdict for GitHub Actions: annotations on standard output and a summary of the job in Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from fsrbench.gate.findings import Finding, Kind, Verdict
from fsrbench.gate.text import details

_LEVELS = {
    Kind.REGRESSED: "error",
    Kind.LOST: "error",
    Kind.IMPROVED: "notice",
    Kind.APPEARED: "notice",
    Kind.CHANCE: "notice",
}


def commands(verdict: Verdict) -> str:
    """Workflow commands, a line each: errors for what regressed or was lost, notices for what else moved."""
    lines = [
        annotation(_LEVELS[finding.kind], f"{finding.kind}: {finding.title}", "; ".join(details(finding)))
        for finding in verdict.findings
        if finding.kind in _LEVELS
    ]
    lines += [annotation("notice", "fsrbench check", note) for note in verdict.notes]
    return "".join(f"{line}\n" for line in (*lines, verdict.summary()))


def refusals(lines: Iterable[str]) -> str:
    """Workflow commands for a run that cannot be compared."""
    return "".join(f"{annotation('error', 'fsrbench check: cannot be compared', line)}\n" for line in lines)


def annotation(level: str, title: str, message: str) -> str:
    """One workflow command; see GitHub's "Workflow commands", and ``toCommand`` of its toolkit for the escapes.

    Example:
        >>> annotation("error", "a, b: c", "50% of\\n2")
        '::error title=a%2C b%3A c::50%25 of%0A2'
    """
    named = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={named}::{_escaped(message)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def summary(verdict: Verdict) -> str:
    """The job's summary in Markdown: the verdict, a table of what is not simply holding, notes and advice."""
    lines = [f"### fsrbench check: {'❌' if verdict.red else '✅'} {verdict.summary()}", ""]
    shown = [finding for finding in verdict.findings if finding.kind in _LEVELS]
    if shown:
        lines += ["| | method | metric | |", "|---|---|---|---|", *map(_row, shown), ""]
    lines += [f"* {_cell(note)}" for note in verdict.notes]
    if verdict.advice():
        lines += ["", f"`{verdict.advice()}`"]
    return "\n".join(lines) + "\n\n"


def _row(finding: Finding) -> str:
    metric = finding.info.title if finding.info else ""
    cells = (str(finding.kind), finding.method, metric, "; ".join(details(finding)))
    return f"| {' | '.join(_cell(text) for text in cells)} |"


def _cell(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())
