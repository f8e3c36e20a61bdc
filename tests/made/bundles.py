"""Made-up bundles, written file by file: nothing here was computed by a method or a metric."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

IMAGES = ("ann/0", "ann/1", "bob/0", "NA")
"""One is called as what pandas takes for no value."""
SCORES = (30.125, 1 / 3, 28.0, 27.5)


def document(held: Mapping[str, bytes], **changed: Any) -> dict[str, Any]:
    """The document of a bundle with these files."""
    summary = {"metric": "psnr", "title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2, "exact": False}
    summary |= {"hr_is_ceiling": True, "protocol": "RGB", "value": 21.5, "ci_low": 20.0, "ci_high": 23.0, "n": 4}
    result = {
        "track": {
            "dataset": {"name": "faces", "sha256": "a" * 64, "n": 4},
            "task": "x4",
            "degradation": {"name": "bicubic", "protocol": "Pillow BICUBIC", "seed": 0},
        },
        "seed": 0,
        "weights": {"sha256": None, "files": "", "licence": "", "training": "none", "parameters": None},
        "source": "mine",
        "findings": [],
        "images": [{"id": image, "identity": image.partition("/")[0]} for image in IMAGES],
        "summaries": [summary | {"status": "ok", "note": ""}],
        "machine": {"system": "Linux", "cpu": "a", "cores": 2, "torch_threads": 1, "device": "cpu"},
        "versions": {"fsrbench": "0.1.0"},
        "finished": "2026-01-01T00:00:00+00:00",
    }
    hashes = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in held.items()}
    method = {"name": "mine", "title": "Mine", "description": "", "card": ""}
    made = {"schema_version": 1, "fsrbench": "0.1.0", "method": method, "created": result["finished"]}
    return made | {"results": [result], "files": hashes} | changed


def files(scores: tuple[float, ...] = SCORES) -> dict[str, bytes]:
    """The tables of a bundle."""
    rows = [f"{image},psnr,{score!r},ok" for image, score in zip(IMAGES, scores, strict=True)]
    table = "\n".join(["image,metric,value,status", *rows]) + "\n"
    return {"scores/0.csv": table.encode(), "manifests/0.json": b"{}"}


def write(path: Path, held: Mapping[str, bytes] | None = None, **changed: Any) -> Path:
    """A bundle."""
    held = files() if held is None else held
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", json.dumps(document(held, **changed)))
        for name, data in held.items():
            archive.writestr(name, data)
    return path
