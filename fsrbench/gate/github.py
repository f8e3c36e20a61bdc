"""A verdict for GitHub Actions: annotations on standard output and a summary of the job in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from fsrbench.files.markdown import escape, markdown_table
from fsrbench.gate.findings import Finding, Kind, Refusal, Verdict
from fsrbench.gate.text import details

_LEVELS = {
    Kind.REGRESSED: "error",
    Kind.LOST: "error",
    Kind.IMPROVED: "notice",
    Kind.APPEARED: "notice",
    Kind.CHANCE: "notice",
}


MOST: Final = 10
"""Annotations per level that GitHub shows for a step; it silently drops the others."""


def commands(verdict: Verdict) -> str:
    """Workflow commands, a line each: errors for what regressed or was lost, notices for what else moved.

    The worst come first. If there are more than GitHub shows, one annotation sums up and the rest are lines of the log.
    """
    shown = [finding for finding in verdict.findings if finding.kind in _LEVELS]
    order = list(Kind)
    worst = sorted(shown, key=lambda finding: (order.index(finding.kind), -finding.severity if finding.red else 0))
    annotations = [
        (_LEVELS[finding.kind], f"{finding.kind}: {finding.title}", "; ".join(details(finding))) for finding in worst
    ]
    annotations += [("notice", "fsrbench check", note) for note in verdict.notes]
    return "".join(f"{line}\n" for line in (*_limited(annotations, verdict.summary()), verdict.summary()))


def refusal(refusal: Refusal) -> str:
    """Workflow commands for a run that cannot be compared."""
    annotations = [("error", "fsrbench check: cannot be compared", reason) for reason in refusal.reasons]
    return "".join(f"{line}\n" for line in _limited(annotations, f"cannot be compared for {len(annotations)} reasons"))


def _limited(annotations: Sequence[tuple[str, str, str]], summary: str) -> Iterator[str]:
    """Annotations (level, title, message), no more of a level than GitHub shows; the rest as plain text."""
    for level in dict.fromkeys(level for level, _, _ in annotations):
        of_level = [one for one in annotations if one[0] == level]
        kept = len(of_level) if len(of_level) <= MOST else MOST - 1
        if kept < len(of_level):
            more = f"{summary}; the first {kept} of {len(of_level)} follow, the others are in the log"
            yield annotation(level, "fsrbench check", more)
        yield from (annotation(*one) for one in of_level[:kept])
        # Indented, so that no text of a method can pass for a command
        yield from (f"  {' '.join(f'{title}: {message}'.split())}" for _, title, message in of_level[kept:])


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
    """The job's summary in Markdown: the verdict, a table of what changed, notes and advice."""
    lines = [f"### fsrbench check: {'❌' if verdict.red else '✅'} {verdict.summary()}", ""]
    shown = [finding for finding in verdict.findings if finding.kind in _LEVELS]
    if shown:
        lines += [markdown_table(["", "method", "metric", ""], map(_row, shown), "llll"), ""]
    lines += [f"* {escape(note)}" for note in verdict.notes]
    if verdict.advice():
        when, _, command = verdict.advice().partition(": ")
        lines += ["", f"{when}: `{command}`"]
    return "\n".join(lines) + "\n\n"


def refusal_summary(refusal: Refusal) -> str:
    """The job's summary of a run that cannot be compared, in Markdown."""
    reasons = [f"* {escape(reason)}" for reason in refusal.reasons]
    return "\n".join(["### fsrbench check: ❌ cannot be compared", "", *reasons]) + "\n\n"


def _row(finding: Finding) -> list[str]:
    metric = finding.info.title if finding.info else ""
    return [escape(text) for text in (str(finding.kind), finding.method, metric, "; ".join(details(finding)))]
