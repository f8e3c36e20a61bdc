"""The text below a table of several runs; what they agree on is stated once."""

from __future__ import annotations

from collections.abc import Sequence

from fsrbench.reports.tables.notes import Entry

RunLines = tuple[str, Sequence[Entry]]
"""A run's heading and its lines."""


def merged(runs: Sequence[RunLines], everywhere: bool = False) -> tuple[str, ...]:
    """The lines of all runs, without duplicates.

    A line names its runs if another run has a different text on the same subject; with ``everywhere`` also if another
    run has none, since that run may show what this one left out.
    """
    together: dict[str, dict[tuple[str, str], dict[str, list[str]]]] = {}
    for label, entries in runs:
        for entry in entries:
            texts = together.setdefault(entry.subject, {})
            texts.setdefault((entry.joint, entry.text), {}).setdefault(entry.count, []).append(label)
    lines = []
    for subject, texts in together.items():
        for (joint, text), counts in texts.items():
            labels = [label for group in counts.values() for label in group]
            named = len(runs) > 1 and (len(texts) > 1 or (everywhere and len(labels) < len(runs)))
            where = f" ({_listed(labels)})" if named else ""
            lines.append(f"{subject}{where}{_counted(counts)}{joint}{text}")
    return tuple(lines)


def _counted(counts: dict[str, list[str]]) -> str:
    """`` (n = 480)``, or each run's."""
    if len(counts) == 1:
        count = next(iter(counts))
        return f" ({count})" if count else ""
    each = [f"{count} in {_listed(labels)}" for count, labels in counts.items() if count]
    return f" ({'; '.join(each)})"


def _listed(labels: Sequence[str]) -> str:
    """The headings joined, with semicolons if any contains a comma: ``faces, bicubic; faces, noise``."""
    return ("; " if any("," in label for label in labels) else ", ").join(labels)


def merged_facts(runs: Sequence[tuple[str, Sequence[str]]]) -> str:
    """The facts shared by all runs, then each run's other ones after its heading."""
    first = runs[0][1]
    shared = [part for part in first if all(part in parts for _, parts in runs)]
    own = [
        (label, [part for part in parts if part not in shared and not _repeats(label, part)]) for label, parts in runs
    ]
    sentences = [f"{label}: {'; '.join(parts)}" for label, parts in own if parts]
    together = "; ".join(shared)
    return ". ".join(filter(None, (together[:1].upper() + together[1:], *sentences)))


def _repeats(label: str, part: str) -> bool:
    """Whether the heading already states the part: ``degradation bicubic`` under ``faces.zip, bicubic``."""
    return not {part, part.partition(" ")[2]}.isdisjoint(label.split(", "))
