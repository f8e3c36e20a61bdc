"""Verdicts of a gate, red and green."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fsrbench.gate.findings import Finding, Kind, Verdict
from made.gate import N, Values, psnr, verdict

HITS = np.ones(N)


BEFORE: Values = {
    "psnr": {"scgan": psnr(1), "ours": psnr(), "gone": psnr(2)},
    "detection": {"ours": HITS},
    "latency_ms": {"scgan": 60.0, "ours": 5.0},
}


AFTER: Values = {
    "psnr": {"scgan": psnr(1) + 0.2, "ours": psnr() - 0.2, "new": psnr(3)},
    "detection": {"ours": HITS},
    "latency_ms": {"scgan": 6.0, "ours": 0.5},
}


def nasty(note: str) -> Verdict:
    finding = Finding(Kind.LOST, 'python:a.b:<C> & "d"', "", note=note)
    return replace(verdict(BEFORE, BEFORE), findings=[finding], notes=[note])
