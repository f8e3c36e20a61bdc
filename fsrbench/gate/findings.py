"""What a check finds: one finding per method and metric, and the verdict over all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from fsrbench.runs.metric_info import MetricInfo
from fsrbench.stats.corrections import p_text
from fsrbench.stats.paired import Comparison


class Kind(StrEnum):
    """What became of one number. The order is the order of reports."""

    REGRESSED = "regressed"
    """Worse by more than the tolerance and, if it can be tested, by more than chance."""
    LOST = "lost"
    """In the reference, but missing or incomplete in the run."""
    IMPROVED = "improved"
    """Better by more than the tolerance and, if it can be tested, by more than chance."""
    APPEARED = "appeared"
    """In the run, but not in the reference."""
    CHANCE = "within chance"
    """Beyond the tolerance, but explained by chance or, for times, by the machine's noise."""
    HOLDS = "holds"
    """Within the tolerance."""
    SKIPPED = "not gated"
    """Measured on another kind of device, or beside a method that is too fast."""


RED = (Kind.REGRESSED, Kind.LOST)
"""What turns the gate red."""


@dataclass(frozen=True)
class Finding:
    """What became of one number, or of a whole method if ``metric`` is empty."""

    kind: Kind
    method: str
    metric: str
    info: MetricInfo | None = None
    """How the metric's values are written; ``None`` for a whole method."""
    before: float = math.nan
    after: float = math.nan
    allowed: float = math.nan
    """How far it may get worse, in the metric's unit."""
    paired: Comparison | None = None
    """Run minus reference on the same images; ``None`` if not tested."""
    p_corrected: float = math.nan
    n: int = 0
    note: str = ""

    @property
    def change(self) -> float:
        """After minus before, in the metric's unit."""
        return self.after - self.before

    @property
    def red(self) -> bool:
        """Whether this turns the gate red."""
        return self.kind in RED

    @property
    def severity(self) -> float:
        """How bad a red finding is: its change in tolerances; infinite where a number or a method is lost."""
        if self.kind is Kind.LOST:
            return math.inf
        return abs(self.change) / self.allowed if self.allowed > 0 else math.inf

    @property
    def title(self) -> str:
        """Method and metric: ``ours, PSNR``."""
        return f"{self.method}, {self.info.title}" if self.info else self.method

    def numbers(self) -> str:
        """Before, after, change and tolerance: ``26.085 -> 25.912 dB (-0.173, may lose 0.010, p = 0.0004)``."""
        if self.info is None or math.isnan(self.after) or math.isnan(self.before):
            return ""
        info, digits = self.info, self._digits()
        before, after, change, allowed = (
            f"{number * info.factor:{sign}.{digits}f}"
            for number, sign in ((self.before, ""), (self.after, ""), (self.change, "+"), (self.allowed, ""))
        )
        p = "" if math.isnan(self.p_corrected) else f", p {p_text(self.p_corrected)}"
        unit = f" {info.unit}" if info.unit else ""
        way = "lose" if info.direction == "higher" else "gain"
        return f"{before} -> {after}{unit} ({change}, may {way} {allowed}{p})"

    def _digits(self) -> int:
        """Decimals that show both the tolerance and a change beyond it."""
        assert self.info is not None
        steps = [s for s in (abs(self.change), self.allowed) if s > 0 and math.isfinite(s)]
        smallest = min((s * self.info.factor for s in steps), default=1.0)
        return min(9, max(self.info.digits, -math.floor(math.log10(smallest))))


@dataclass(frozen=True)
class Verdict:
    """All findings of a check."""

    run: Path
    reference: Path
    findings: list[Finding]
    notes: list[str] = field(default_factory=list)

    @property
    def red(self) -> bool:
        """Whether anything regressed or was lost."""
        return any(finding.red for finding in self.findings)

    def of(self, kind: Kind) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind is kind]

    def summary(self) -> str:
        """One line: the verdict, and the number of findings of each kind."""
        counts = [f"{len(found)} {kind}" for kind in Kind if (found := self.of(kind))]
        return f"{'regressed' if self.red else 'holds'}: {', '.join(counts) or 'nothing to check'}"

    def advice(self) -> str:
        """What to do next; empty for nothing."""
        better = any(f.kind in (Kind.IMPROVED, Kind.APPEARED) for f in self.findings)
        update = f"fsrbench check {self.run} --against {self.reference} --update"
        if self.red:
            return f"if this is intended: {update}"
        return f"to hold the new level from now on: {update}" if better else ""


@dataclass(frozen=True)
class Refusal:
    """Why there is no verdict."""

    run: Path
    reference: Path
    reasons: list[str]
    """One line each."""

    def text(self) -> str:
        """The reasons as lines."""
        return "".join(f"cannot be compared: {reason}\n" for reason in self.reasons)
