"""Runs whose images have properties, and methods that are worse in a part of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fsrbench.runs.columns import PROPERTY_COLUMNS
from fsrbench.runs.data import RunData


def faces(rng: np.random.RandomState, people: int, each: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Properties of made-up images, and who is on them; a person's brightness is alike."""
    who = np.repeat(np.arange(people), each)
    names = [f"p{person}/{i}" for i, person in enumerate(who)]
    table = pd.DataFrame({"image": names, "lr_size": 16.0})
    table["brightness"] = rng.normal(120, 25, people)[who] + rng.normal(0, 10, len(who))
    for name, mean, spread in (("contrast", 45, 10), ("noise", 8, 2), ("sharpness", 0.5, 0.1)):
        table[name] = rng.normal(mean, spread, len(who))
    for name, spread in (("yaw", 16), ("pitch", 9), ("roll", 5)):
        table[name] = rng.normal(0, spread, len(who))
    table["eye_distance"] = rng.normal(4.4, 0.2, len(who))
    return table[list(PROPERTY_COLUMNS)], pd.DataFrame({"image": names, "identity": [f"p{person}" for person in who]})


def scores(rng: np.random.RandomState, people: int, each: int) -> np.ndarray:
    """PSNR in dB: a person's images are alike, and what they have in common has nothing to do with the properties."""
    who = np.repeat(np.arange(people), each)
    found: np.ndarray = 25 + rng.normal(0, 1, people)[who] + rng.normal(0, 1.2, len(who))
    return found


def write_sliced(
    path: Path, table: pd.DataFrame, images: pd.DataFrame, psnr: dict[str, np.ndarray], **more: Any
) -> RunData:
    """A run with these scores, through its files."""
    path.mkdir(exist_ok=True)
    fixed = {"metric": "psnr", "status": "ok"}
    parts = [pd.DataFrame({"method": m, "image": images["image"], "value": v, **fixed}) for m, v in psnr.items()]
    pd.concat(parts)[["method", "image", "metric", "value", "status"]].to_parquet(path / "scores.parquet")
    row = {"metric": "psnr", "ci_low": "", "ci_high": "", "n": len(images), "unit": "dB", "direction": "higher"}
    summary = [{"method": m, "value": v.mean(), **row, "status": "ok", "note": ""} for m, v in psnr.items()]
    pd.DataFrame(summary).to_csv(path / "summary.csv", index=False)
    images.to_csv(path / "images.csv", index=False)
    table.to_csv(path / "properties.csv", index=False)
    info = {"title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2}
    manifest = {"task": "x4", "metrics": {"psnr": info}, "dataset": {"name": "made", "n": len(images)} | more}
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return RunData.load(path)
