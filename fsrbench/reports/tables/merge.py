"""What stands below the table of several runs, once where they agree."""

from __future__ import annotations

from collections.abc import Sequence

from fsrbench.reports.tables.notes import Entry

RunLines = tuple[str, Sequence[Entry]]
"""A run's heading and what it says."""


def merged(runs: Sequence[RunLines], everywhere: bool = False) -> tuple[str, ...]:
    """The lines of all runs, equal ones once.

    A line names its runs where another run says something else on its subject, and with ``everywhere`` also where
    another run says nothing: what one run left out the other may show.
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
    """The headings, apart even where they have commas of their own: ``faces, bicubic; faces, noise``."""
    return ("; " if any("," in label for label in labels) else ", ").join(labels)


def merged_facts(runs: Sequence[tuple[str, Sequence[str]]]) -> str:
    """What holds for all runs, then what is each run's own behind its heading."""
    first = runs[0][1]
    shared = [part for part in first if all(part in parts for _, parts in runs)]
    own = [
        (label, [part for part in parts if part not in shared and not _repeats(label, part)]) for label, parts in runs
    ]
    sentences = [f"{label}: {'; '.join(parts)}" for label, parts in own if parts]
    together = "; ".join(shared)
    return ". ".join(filter(None, (together[:1].upper() + together[1:], *sentences)))


def _repeats(label: str, part: str) -> bool:
    """Whether a heading names what the part does: ``degradation bicubic`` under ``faces.zip, bicubic``."""
    return not {part, part.partition(" ")[2]}.isdisjoint(label.split(", "))
