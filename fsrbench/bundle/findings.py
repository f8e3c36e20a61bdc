"""The result of verifying a bundle: one finding per check, and the outcome over all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from fsrbench.bundle.schema import Level, ResultVerdict, Verdict
from fsrbench.errors import counted
from fsrbench.provenance.versions import versions

MOST: Final = 2000
"""Maximum characters of a finding's text."""
BUNDLE: Final = "bundle"
"""Subject of findings about the bundle itself, not about one of its results."""


def printable(text: str) -> str:
    """Replace characters that would move a terminal's cursor or begin a new line by question marks.

    Example:
        >>> printable("mine\\n::error::yours\\x1b[2J")
        'mine?::error::yours?[2J'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


class State(StrEnum):
    """The result of a check. The order is the order of reports."""

    MISMATCH = "mismatch"
    """Two things that must agree do not."""
    OPEN = "not compared"
    """It cannot be decided with what is available."""
    AGREES = "agrees"


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    state: State
    about: str
    """The track of a result, or :data:`BUNDLE`."""
    check: str
    """What was checked: ``files``, ``manifest``, ``scores of psnr``."""
    text: str

    def __post_init__(self) -> None:
        """Make the text printable, as it may quote the bundle."""
        object.__setattr__(self, "text", printable(self.text)[:MOST])

    @property
    def line(self) -> str:
        """The finding in one line: ``mismatch: sample, x4, bicubic: scores of psnr: ...``."""
        return f"{self.state}: {self.about}: {self.check}: {self.text}"


def findings_of(about: str, check: str, mismatches: Iterable[str], agrees: str) -> list[Finding]:
    """A finding for each mismatch; without any, one that says what agrees."""
    found = [Finding(State.MISMATCH, about, check, text) for text in mismatches]
    return found or [Finding(State.AGREES, about, check, agrees)]


@dataclass(frozen=True)
class Outcome:
    """All findings about a bundle."""

    path: Path
    sha256: str
    findings: list[Finding]
    results: list[ResultVerdict] = field(default_factory=list)

    def of(self, state: State) -> list[Finding]:
        """The findings of one state."""
        return [finding for finding in self.findings if finding.state is state]

    @property
    def red(self) -> bool:
        """Whether anything does not agree."""
        return bool(self.of(State.MISMATCH))

    @property
    def level(self) -> Level:
        """The lowest of the results'; self-reported if anything does not agree."""
        order = list(Level)
        lowest = min((order.index(result.level) for result in self.results), default=0)
        return order[0 if self.red else lowest]

    def verdict(self) -> Verdict:
        """The verdict to keep beside the bundle."""
        return Verdict(
            bundle=printable(self.path.name),
            bundle_sha256=self.sha256,
            fsrbench=str(versions()["fsrbench"]),
            verified=not self.red,
            level=self.level,
            results=self.results,
            mismatches=[finding.line.partition(": ")[2] for finding in self.of(State.MISMATCH)],
            notes=[finding.line.partition(": ")[2] for finding in self.of(State.OPEN)],
        )

    def summary(self) -> str:
        """One line: the verdict and how many checks."""
        if self.red:
            return f"refused: {len(self.of(State.MISMATCH))} of {counted(len(self.findings), 'check')} do not agree"
        open_checks = len(self.of(State.OPEN))
        rest = f", {open_checks} could not be made" if open_checks else ""
        return f"{self.level}: {counted(len(self.of(State.AGREES)), 'check')} agree{rest}"
