"""Made-up findings: nothing here was computed by a method or a metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import pandas as pd
import pytest

from fsrbench.audit.findings import COLUMNS, DistinctPair, Findings
from fsrbench.audit.protocols import Protocol, all_protocols
from fsrbench.runs.metric_info import MetricInfo

PROTOCOLS = all_protocols()
Values = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By metric, protocol and method."""
INFOS = {
    "psnr": MetricInfo.declared("psnr", "PSNR", "dB", "higher", 2),
    "niqe": MetricInfo.declared("niqe", "NIQE", "", "lower", 3),
    "detection": MetricInfo.declared("detection", "Detection", "fraction", "higher", 1),
}


def row(metric: str, protocol: str, method: str, value: float, default: float, note: str = "") -> dict[str, object]:
    group = next(p.group for p in PROTOCOLS if (p.metric, p.name) == (metric, protocol))
    fields = {"method": method, "metric": metric, "group": group, "protocol": protocol, "value": value, "n": 8}
    return {**fields, "difference": value - default, "status": "invalid" if note else "ok", "note": note}


def every_pair(protocols: Iterable[Protocol], methods: Sequence[str]) -> frozenset[DistinctPair]:
    """As if tests had found all methods to differ."""
    pairs = list(map(frozenset, combinations(methods, 2)))
    return frozenset((p.metric, p.name, pair) for p in protocols for pair in pairs)


@pytest.fixture
def find() -> Callable[..., Findings]:
    """Findings from their values; NaN is a value that could not be measured."""

    def build(values: Values, methods: tuple[str, ...] = ("bicubic", "scgan", "ours")) -> Findings:
        rows = [
            row(metric, protocol, method, value, values[metric]["default"][method], "" if value == value else "why not")
            for metric, by_protocol in values.items()
            for protocol, by_method in by_protocol.items()
            for method, value in by_method.items()
        ]
        used = tuple(p for p in PROTOCOLS if p.name in values.get(p.metric, {}))
        infos = {metric: INFOS[metric] for metric in values}
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        return Findings(
            "made up, x4", methods, infos, dict.fromkeys(infos, 8), used, frame, apart=every_pair(used, methods)
        )

    return build
