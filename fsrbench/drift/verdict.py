"""The result of comparing two windows: one finding per measure, and the verdict over all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from fsrbench.drift.known import MEASURES, Measure
from fsrbench.stats.corrections import p_text


class Part(StrEnum):
    """What a finding is about."""

    INPUTS = "inputs"
    OUTPUTS = "outputs"
    BEYOND = "outputs beyond inputs"
    """Outputs at equal inputs."""


class State(StrEnum):
    """The result for a measure."""

    MOVED = "moved"
    HOLDS = "holds"
    OPEN = "cannot be told"
    """Too few pictures, or too little overlap of the inputs."""


TOGETHER = "all together"
"""Name in place of a measure's: all outputs at once."""


@dataclass(frozen=True)
class Finding:
    """The result for one measure."""

    part: Part
    name: str
    """The measure, or :data:`TOGETHER`."""
    state: State
    before: float = math.nan
    """The reference's mean."""
    after: float = math.nan
    """The window's mean; beyond inputs: what the reference's mean would be with the shift at equal inputs."""
    effect: float = math.nan
    """The change in standard deviations of the reference's pictures."""
    p: float = math.nan
    """Probability of such a change by chance, not corrected."""
    p_corrected: float = math.nan
    """The same, corrected over everything that was tested."""
    spread: float = math.nan
    """The window's interquartile range over the reference's, if the spread differs more than the level."""

    @property
    def measure(self) -> Measure:
        """The measure's title, unit and digits."""
        return MEASURES.get(self.name) or Measure(self.name, "All outputs together")

    def numbers(self) -> str:
        """``8.49 -> 4.07 of 255 (-2.4 SD, p = 0.0002)``; only p if there is no single number."""
        p = f"p {p_text(self.p_corrected)}" if math.isfinite(self.p_corrected) else ""
        if not (math.isfinite(self.before) and math.isfinite(self.after)):
            return p
        digits = self.measure.digits
        unit = f" {self.measure.unit}" if self.measure.unit else ""
        sd = f"{self.effect:+.2f} SD" if math.isfinite(self.effect) else ""
        spread = f"spread x{self.spread:.2f}" if math.isfinite(self.spread) else ""
        extra = ", ".join(filter(None, (sd, spread, p)))
        return f"{self.before:.{digits}f} -> {self.after:.{digits}f}{unit}" + (f" ({extra})" if extra else "")


@dataclass(frozen=True)
class Verdict:
    """All findings of a comparison."""

    run: str
    reference: str
    method: str
    alpha: float
    findings: list[Finding]
    pictures: int
    """Of the window."""
    reference_pictures: int
    blocks: int
    reference_blocks: int
    overlap: float = math.nan
    """Overlap of the inputs of both: 1 if they cannot be told apart, 0 if every picture can."""
    notes: list[str] = field(default_factory=list)

    def of(self, part: Part, state: State | None = None) -> list[Finding]:
        """The findings of a part, of one state if it is given."""
        return [each for each in self.findings if each.part is part and state in (None, each.state)]

    def state(self, part: Part) -> State:
        """A part as a whole: moved if any of its measures has; open if nothing could be tested."""
        states = {each.state for each in self.of(part)}
        return State.MOVED if State.MOVED in states else State.HOLDS if State.HOLDS in states else State.OPEN

    @property
    def red(self) -> bool:
        """Whether anything moved."""
        return any(self.state(part) is State.MOVED for part in Part)

    def summary(self) -> str:
        """One line: the verdict on each part."""
        parts = [f"{part} {self._words(part)}" for part in Part]
        return f"{'drift' if self.red else 'no drift'}: {'; '.join(parts)}"

    def _words(self, part: Part) -> str:
        state = self.state(part)
        if state is State.MOVED:
            names = [each.measure.title for each in self.of(part, State.MOVED) if each.name != TOGETHER]
            return f"moved ({', '.join(names) or 'all together'})"
        return str(state) if state is State.OPEN else "hold"
