"""Findings of an audit: nothing here was computed by a method or a metric."""

from __future__ import annotations

from itertools import combinations
from math import nan

import pandas as pd

from fsrbench.audit.findings import COLUMNS, Findings
from fsrbench.audit.protocols import all_protocols
from fsrbench.runs.metric_info import MetricInfo

PROTOCOLS = all_protocols()


METHODS = ("bicubic", "scgan", "python:my.package.module:LongClassName")


METRICS = tuple(dict.fromkeys(p.metric for p in PROTOCOLS))


def made_up(methods: tuple[str, ...] = METHODS, metrics: tuple[str, ...] = METRICS) -> Findings:
    """Findings under all protocols; the second method is overtaken by the first under the last of each metric."""
    rows = []
    protocols = tuple(p for p in PROTOCOLS if p.metric in metrics)
    for place, protocol in enumerate(protocols):
        last = place + 1 == len(protocols) or protocols[place + 1].metric != protocol.metric
        for rank, method in enumerate([*methods, "hr"]):
            if method == "hr" and protocol.metric in ("psnr", "ssim"):
                continue
            value = 0.5 + 0.1 * rank + 0.01 * (place % 5)
            value = 0.95 if last and rank == 0 else value
            row = {"method": method, "metric": protocol.metric, "group": protocol.group, "protocol": protocol.name}
            rows.append(row | {"value": value, "difference": 0.0, "n": 8, "status": "ok", "note": ""})
    declared = {p.metric: p.measure for p in protocols}
    infos = {m: MetricInfo.declared(m, p.title, p.unit, p.direction, p.digits) for m, p in declared.items()}
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    pairs = list(map(frozenset, combinations(methods, 2)))
    apart = frozenset((p.metric, p.name, pair) for p in protocols for pair in pairs)
    return Findings("made up, x4", methods, infos, dict.fromkeys(infos, 8), protocols, frame, apart=apart)


def without(found: Findings, metric: str, note: str) -> Findings:
    """The same, but one metric could not be measured."""
    rows = found.rows.copy()
    mine = rows["metric"] == metric
    rows.loc[mine, "value"], rows.loc[mine, "status"], rows.loc[mine, "note"] = nan, "unavailable", note
    return Findings(found.setting, found.listed, found.metrics, found.images, found.protocols, rows)
