"""The gate's verdict for programs."""

from __future__ import annotations

import json

import pytest
from made.gate import verdict
from made.verdicts import BEFORE, HITS

from fsrbench.gate import as_json
from fsrbench.gate.findings import Kind, Verdict


def test_json_follows_its_schema(red: Verdict) -> None:
    parsed = as_json.JsonVerdict.model_validate_json(as_json.as_json(red))
    assert parsed.exit_code == 1
    assert parsed.counts[Kind.REGRESSED] == 1
    assert parsed.counts[Kind.CHANCE] == 0
    first = parsed.findings[0]
    assert (first.kind, first.method, first.metric, first.unit) == (Kind.REGRESSED, "ours", "psnr", "dB")
    assert first.change == pytest.approx(-0.2, abs=1e-4)
    assert first.ci_low is not None
    assert first.ci_high is not None
    assert first.ci_low <= -0.2 + 1e-4
    gone = next(f for f in parsed.findings if f.method == "gone")
    assert (gone.metric, gone.before, gone.p) == (None, None, None)


def test_json_gives_fractions_as_fractions() -> None:
    parsed = json.loads(as_json.as_json(verdict(BEFORE, {**BEFORE, "detection": {"ours": HITS * 0.5}})))
    finding = next(f for f in parsed["findings"] if f["metric"] == "detection")
    assert (finding["after"], finding["unit"]) == (0.5, "fraction")
