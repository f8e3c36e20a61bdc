"""Made-up bundles: scores drawn from known numbers, in the files that a bundle has."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fsrbench.bundle import names
from fsrbench.bundle.read import read_bundle
from fsrbench.bundle.schema import Document

METRICS: dict[str, dict[str, Any]] = {
    "psnr": {"title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2},
    "lpips": {"title": "LPIPS", "unit": "", "direction": "lower", "digits": 4},
    "niqe": {"title": "NIQE", "unit": "", "direction": "lower", "digits": 2},
    "fid": {"title": "FID", "unit": "", "direction": "lower", "digits": 2},
    "detection": {"title": "Detection", "unit": "fraction", "direction": "higher", "digits": 1},
    "params": {"title": "Parameters", "unit": "M", "direction": "lower", "digits": 2, "exact": True},
    "latency_ms": {"title": "Latency", "unit": "ms", "direction": "lower", "digits": 1},
}
MACHINE = {"system": "Linux", "cpu": "Xeon", "cores": 2, "torch_threads": 2, "device": "cpu"}


def summary(metric: str, value: float | None, **fields: Any) -> dict[str, Any]:
    """One metric's row of a bundle; metrics that are not known look like LPIPS."""
    row = {"exact": False, "hr_is_ceiling": True, "ci_low": None, "ci_high": None, "n": 20, "status": "ok", "note": ""}
    known = METRICS.get(metric, METRICS["lpips"] | {"title": metric})
    return row | known | {"metric": metric, "protocol": f"how {metric} is computed", "value": value} | fields


def track(name: str = "faces", task: str = "x4", n: int = 20, **fields: Any) -> dict[str, Any]:
    """A track of a bundle; its data's hash is its name's."""
    data = {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "n": n}
    degradation = {"name": "bicubic", "protocol": "Pillow BICUBIC, antialiased, one step", "seed": 0}
    return {"dataset": data, "task": task, "degradation": degradation} | fields


def result(
    scores: Mapping[str, np.ndarray], more: Sequence[dict[str, Any]] = (), people: int = 0, **fields: Any
) -> dict[str, Any]:
    """One result of a bundle from its scores, with ``scores`` and ``blocks`` beside it for :func:`write_bundle`.

    Args:
        scores: by metric, one per image; NaN where there is none.
        more: further rows of the summary.
        people: images are of so many people in turn; 0: nobody is known.
        fields: in place of the made ones; ``blocks`` maps metrics to pseudo-values.
    """
    count = len(next(iter(scores.values()), np.empty(fields.get("n", 20))))
    images = [f"id/{i:03}" for i in range(count)]
    rows = []
    for metric, values in scores.items():
        known = values[np.isfinite(values)]
        half = 1.96 * known.std(ddof=1) / np.sqrt(len(known))
        ends = {"ci_low": float(known.mean() - half), "ci_high": float(known.mean() + half)}
        rows.append(summary(metric, float(known.mean()), n=len(known), **ends))
    made = {
        "track": track(n=count),
        "seed": 0,
        "weights": {"sha256": None, "files": "", "licence": "", "training": "none", "parameters": None},
        "source": "registered",
        "findings": [],
        "images": [{"id": one, "identity": f"person {i % people}" if people else None} for i, one in enumerate(images)],
        "summaries": [*rows, *more],
        "machine": MACHINE,
        "versions": {"fsrbench": "0.1.0", "torch": "2.6"},
        "finished": "2026-11-30T10:00:00+00:00",
        "scores": scores,
        "blocks": {},
        "pictures": {},
    }
    return made | fields


def write_bundle(path: Path, name: str, results: Sequence[dict[str, Any]], **fields: Any) -> Path:
    """A bundle's zip; ``fields`` replace parts of its document."""
    files: dict[str, bytes] = {}
    documents = []
    for place, each in enumerate(results):
        images = [image["id"] for image in each["images"]]
        files[names.scores(place)] = _table(("image", "metric", "value", "status"), each["scores"], images)
        if each["blocks"]:
            files[names.blocks(place)] = _blocks(each["blocks"])
        files[names.manifest(place)] = b"{}"
        files |= {names.picture(place, image): data for image, data in each["pictures"].items()}
        documents.append({key: value for key, value in each.items() if key not in {"scores", "blocks", "pictures"}})
    document = {
        "schema_version": 1,
        "fsrbench": "0.1.0",
        "method": {"name": name, "title": name, "description": f"about {name}", "card": ""},
        "submitter": {"author": "A. Author"},
        "created": max(each["finished"] for each in documents),
        "results": documents,
        "files": {f: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for f, data in files.items()},
    } | fields
    Document.model_validate_json(json.dumps(document))  # a made bundle is one, too
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, data in {names.DOCUMENT: json.dumps(document).encode(), **files}.items():
            archive.writestr(file, data)
    return path


def write_verdict(path: Path, level: str, verified: bool = True, **fields: Any) -> None:
    """A verdict beside a bundle, the same of all its results."""
    bundle = read_bundle(path)
    metrics = [row.metric for row in bundle.results[0].summaries]
    each = [
        {"track": one.track.title, "level": level, "recomputed": metrics[:2], "not_recomputed": {}}
        for one in bundle.results
    ]
    verdict = {"schema_version": 1, "bundle": path.name, "bundle_sha256": bundle.sha256, "fsrbench": "0.1.0"}
    verdict |= {"verified": verified, "level": level, "results": each, "mismatches": [], "notes": []} | fields
    path.with_name(path.name + names.VERDICT).write_text(json.dumps(verdict), encoding="utf-8")


def _table(columns: Sequence[str], scores: Mapping[str, np.ndarray], images: Sequence[str]) -> bytes:
    rows = [
        (image, metric, "" if np.isnan(value) else repr(float(value)), "failed" if np.isnan(value) else "ok")
        for metric, values in scores.items()
        for image, value in zip(images, values, strict=True)
    ]
    return _csv([columns, *rows])


def _blocks(blocks: Mapping[str, np.ndarray]) -> bytes:
    rows = [(metric, str(block), repr(float(v))) for metric, values in blocks.items() for block, v in enumerate(values)]
    return _csv([("metric", "block", "value"), *rows])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def big_board(folder: Path, methods: int = 30, tracks: int = 12, images: int = 200) -> list[Path]:
    """Bundles of many methods in many tracks: twelve metrics of quality, of which two are of the whole set."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    per_image = ("psnr", "ssim", "lpips", "dists", "niqe", "niqe_face", "identity", "lmd", "musiq", "maniqa")
    faces = [rng.normal(size=(len(per_image), images)) for _ in range(tracks)]
    files = []
    for method in range(methods):
        results = []
        for number, face in enumerate(faces):
            scores = face + 0.1 * rng.integers(0, 6) + 0.5 * rng.normal(size=face.shape)
            more = [
                summary("fid", 50 + method, ci_low=45.0 + method, ci_high=55.0 + method),
                summary("kid", 0.5 + method, ci_low=0.4 + method, ci_high=0.6 + method),
                summary("params", 1.0 + method, exact=True),
                summary("latency_ms", 5.0 + method, ci_low=4.9 + method, ci_high=5.1 + method),
            ]
            one = track(f"dataset {number}", n=images)
            rounded = dict(zip(per_image, scores.round(6), strict=True))
            results.append(result(rounded, more, people=images // 4, track=one))
        files.append(write_bundle(folder / f"{method}.zip", f"method {method}", results))
    return files
