"""Made-up runs for the gate: whatever scores are given, without a method or a metric."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fsrbench.gate.check import check
from fsrbench.gate.findings import Finding, Kind, Verdict
from fsrbench.gate.reference import Reference
from fsrbench.gate.update import make
from fsrbench.runs.data import RunData

METRICS: dict[str, dict[str, Any]] = {
    "psnr": {"title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2},
    "ssim": {"title": "SSIM", "unit": "", "direction": "higher", "digits": 4},
    "landmark_nme": {"title": "Landmark error", "unit": "fraction", "direction": "lower", "digits": 2},
    "detection": {"title": "Detection", "unit": "fraction", "direction": "higher", "digits": 1},
    "fid_face": {"title": "FID (face)", "unit": "", "direction": "lower", "digits": 4},
    "hue": {"title": "Hue", "unit": "", "direction": "none", "digits": 1},
    "latency_ms": {"title": "Latency", "unit": "ms", "direction": "lower", "digits": 2},
    "throughput": {"title": "Throughput", "unit": "images/s", "direction": "higher", "digits": 0},
    "params": {"title": "Parameters", "unit": "M", "direction": "lower", "digits": 2},
    "peak_memory": {"title": "Peak memory", "unit": "MB", "direction": "lower", "digits": 2},
}
PEOPLE, PICTURES = 20, 3
IMAGES = [f"p{person:02}/{picture}" for person in range(PEOPLE) for picture in range(PICTURES)]
N = len(IMAGES)
MANIFEST: dict[str, Any] = {
    "schema_version": 1,
    "spec": {"seed": 0, "ratio_to": None},
    "task": "x4",
    "degradation": {"name": "realworld", "protocol": "blur, noise, JPEG", "seed": 0},
    "dataset": {"name": "faces", "n": N, "has_hr": True, "sha256": "ab" * 32},
    "metric_weights": {"fan": {"file": "fan.safetensors", "sha256": "cd" * 32, "as_declared": True}},
    "reference": None,
    "versions": {"fsrbench": "0.1.0", "torch": "2.9.0"},
    "machine": {"cpu": "a processor", "device": "cpu"},
}
AGAINST = Path("reference.json")
Given = Any
"""Scores of each image, or one value without scores, or a mapping of the summary's fields."""
Values = Mapping[str, Mapping[str, Given]]
"""By metric, then by method."""


def psnr(seed: int = 0, mean: float = 26.0) -> np.ndarray:
    """Scores that differ from image to image."""
    return mean + np.random.default_rng(seed).normal(size=N)


def made_run(values: Values, path: Path = Path("run"), images: list[str] | None = None, **manifest: Any) -> RunData:
    """A run that is nowhere on disk; ``manifest`` wins over :data:`MANIFEST`."""
    images = IMAGES if images is None else images
    rows, scores = [], []
    for metric, by_method in values.items():
        for method, given in by_method.items():
            rows.append(_row(method, metric, given))
            if isinstance(given, np.ndarray):
                names = images if len(given) == len(images) else [f"block {i}" for i in range(len(given))]
                scores += [(method, i, metric, v, "ok") for i, v in zip(names, given, strict=True)]
    methods = dict.fromkeys(method for by_method in values.values() for method in by_method if method != "hr")
    content = copy.deepcopy(MANIFEST) | {
        "methods": {m: {"description": m, "status": "ok", "weights_sha256": f"{m:0<64}"} for m in methods},
        "metrics": {metric: METRICS[metric] for metric in values},
        "protocols": {metric: f"how {metric} is computed" for metric in values},
    }
    return RunData(
        path,
        pd.DataFrame(scores, columns=["method", "image", "metric", "value", "status"]),
        pd.DataFrame(rows),
        content | manifest,
        images=pd.DataFrame({"image": images, "identity": [i.partition("/")[0] for i in images]}),
    )


def _row(method: str, metric: str, given: Given) -> dict[str, Any]:
    info = METRICS[metric]
    row = {"method": method, "metric": metric, "value": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n": 1}
    row |= {"unit": info["unit"], "direction": info["direction"], "status": "ok", "note": ""}
    if isinstance(given, Mapping):
        return row | dict(given)
    if isinstance(given, np.ndarray):
        finite = given[np.isfinite(given)]
        return row | {"value": float(finite.mean()), "n": len(finite)}
    return row | {"value": given}


def save(run: RunData, path: Path) -> Path:
    """Write a run's folder."""
    path.mkdir(parents=True, exist_ok=True)
    run.scores.to_parquet(path / "scores.parquet", index=False)
    run.summary.to_csv(path / "summary.csv", index=False)
    run.images.to_csv(path / "images.csv", index=False)
    (path / "manifest.json").write_text(json.dumps(run.manifest), encoding="utf-8")
    return path


def verdict(before: Values | Reference, after: Values, seed: int = 0, **manifest: Any) -> Verdict:
    """Hold a run of these values against a reference of those."""
    reference = before if isinstance(before, Reference) else make(made_run(before))
    return check(made_run(after, **manifest), reference, AGAINST, seed)


def kinds(found: Verdict) -> dict[tuple[str, str], Kind]:
    """What became of each method and metric."""
    return {(finding.method, finding.metric): finding.kind for finding in found.findings}


def one(found: Verdict) -> Finding:
    """The only finding."""
    (finding,) = found.findings
    return finding


def edited(reference: Reference, *path: str, **fields: Any) -> Reference:
    """A reference in which somebody edited the fields of the object at ``path``."""
    content = reference.model_dump(mode="json")
    part = content
    for name in path:
        part = part[name]
    part |= fields
    return Reference.model_validate(content)
