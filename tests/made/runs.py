"""Made-up runs, written to a folder and read back: nothing here was computed by a method or a metric."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from fsrbench.runs.data import RunData

METRICS: dict[str, dict[str, Any]] = {
    "psnr": {"title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2},
    "ssim": {"title": "SSIM", "unit": "", "direction": "higher", "digits": 3},
    "niqe": {"title": "NIQE", "unit": "", "direction": "lower", "digits": 2},
    "kid": {"title": "KID", "unit": "", "direction": "lower", "digits": 3},
    "detection": {"title": "Detection", "unit": "fraction", "direction": "higher", "digits": 1},
    "latency_ms": {"title": "Latency", "unit": "ms", "direction": "lower", "digits": 1},
    "params": {"title": "Parameters", "unit": "M", "direction": "lower", "digits": 3, "exact": True},
    "hue": {"title": "Hue", "unit": "", "direction": "none", "digits": 1},
}
NAN = math.nan
Values = Mapping[str, Mapping[str, Any]]
"""By metric, then by method: a value, ``(value, low, high)``, or a mapping of the summary's fields."""
MakeRun = Callable[..., RunData]


def summary_row(method: str, metric: str, given: Any) -> dict[str, Any]:
    """One row of the summary."""
    info = METRICS[metric]
    row = {"method": method, "metric": metric, "ci_low": NAN, "ci_high": NAN, "n": 20, "status": "ok", "note": ""}
    row |= {"value": NAN, "unit": info["unit"], "direction": info["direction"]}
    if isinstance(given, Mapping):
        return row | dict(given)
    if isinstance(given, tuple):
        return row | dict(zip(("value", "ci_low", "ci_high"), given, strict=True))
    return row | {"value": given}


def score_rows(values: Values, n: int) -> list[dict[str, Any]]:
    """Per-image scores that vary around each value."""
    rows = []
    for metric, by_method in values.items():
        for method, given in by_method.items():
            value = summary_row(method, metric, given)["value"]
            for i in range(n):
                score = value * (1 + 0.1 * math.sin(i))
                rows.append(
                    {"method": method, "image": f"id/{i:02d}", "metric": metric, "value": score, "status": "ok"}
                )
    return rows


def write_run(path: Path, values: Values, n: int = 20, **manifest: Any) -> RunData:
    """A run in a folder, from its values, through its files."""
    methods = list(dict.fromkeys(method for by_method in values.values() for method in by_method))
    rows = [
        summary_row(method, metric, by_method[method])
        for method in sorted(methods, key=lambda name: name == "hr")
        for metric, by_method in values.items()
        if method in by_method
    ]
    path.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(path / "summary.csv", index=False)
    scores = score_rows({m: v for m, v in values.items() if m in ("psnr", "ssim", "niqe")}, n)
    columns = ["method", "image", "metric", "value", "status"]
    pd.DataFrame(scores, columns=columns).to_parquet(path / "scores.parquet")
    content = {
        "task": "x4",
        "degradation": {"name": "realistic", "protocol": "blur, noise"},
        "dataset": {"name": "sample", "n": n, "has_hr": True},
        "metrics": {metric: METRICS[metric] for metric in values},
        "protocols": {metric: f"how {metric} is computed" for metric in values},
        "methods": {m: {"description": f"about {m}", "status": "ok", "training": ""} for m in methods if m != "hr"},
    }
    (path / "manifest.json").write_text(json.dumps(content | manifest), encoding="utf-8")
    return RunData.load(path)
