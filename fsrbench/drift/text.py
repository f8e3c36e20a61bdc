"""A drift verdict as plain text: what moved, notes, and a line that sums up."""

from __future__ import annotations

from fsrbench.drift.verdict import Finding, State, Verdict


def plain(verdict: Verdict) -> str:
    """The verdict as lines."""
    lines = [line(finding) for finding in verdict.findings if finding.state is State.MOVED]
    lines += [f"note: {note}" for note in verdict.notes]
    return "".join(f"{text}\n" for text in [*lines, counts(verdict), verdict.summary()])


def line(finding: Finding) -> str:
    """One finding: ``moved: inputs, LR noise: 8.49 -> 4.07 of 255 (-2.42 SD, p = 0.0004)``."""
    return f"{finding.state}: {finding.part}, {finding.measure.title}: {finding.numbers()}"


def counts(verdict: Verdict) -> str:
    """How many pictures were compared, and at which level."""
    here = _of(verdict.pictures, verdict.blocks)
    there = _of(verdict.reference_pictures, verdict.reference_blocks)
    return f"{here} against {there} of {verdict.reference}, alpha {verdict.alpha:g} over {len(verdict.findings)} tests"


def _of(pictures: int, blocks: int) -> str:
    return f"{pictures} pictures" + (f" of {blocks} people or days" if blocks != pictures else "")
