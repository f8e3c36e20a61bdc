"""Made runs of people with labels: scores that differ by sex where they are planted to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from fsrbench.runs.data import RunData

INFO = {
    "psnr": {"title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2},
    "niqe": {"title": "NIQE", "unit": "", "direction": "lower", "digits": 2},
    "hue": {"title": "Hue", "unit": "", "direction": "none", "digits": 1},
    "detection": {"title": "Detection", "unit": "fraction", "direction": "higher", "digits": 1},
    "fid": {"title": "FID", "unit": "", "direction": "lower", "digits": 1},
}
PEOPLE = 40
IMAGES = [f"p{k:02}/{name}" for k in range(PEOPLE) for name in ("neutral", "smiling")]
SEX = np.repeat(np.random.default_rng(0).permutation(["female", "male"] * (PEOPLE // 2)), 2)
PERSON = np.repeat(np.arange(PEOPLE), 2)


def labels() -> dict[str, dict[str, str]]:
    """Sex of the people, age in numbers, expression of the images, and a group with few people."""
    return {
        "sex": dict(zip(IMAGES, SEX.tolist(), strict=True)),
        "age": {image: str(18 + k) for image, k in zip(IMAGES, PERSON.tolist(), strict=True) if k},
        "expression": {image: image[4:] for image in IMAGES},
        "town": {image: "few" if k < 4 else "ab"[k % 2] for image, k in zip(IMAGES, PERSON.tolist(), strict=True)},
    }


def scores(seed: int = 0) -> dict[tuple[str, str], np.ndarray]:
    """By method and metric: ``plain`` treats all alike, ``unfair`` is 1.5 worse in PSNR and in NIQE for men."""
    rng = np.random.default_rng(seed)
    own, male = rng.normal(size=PEOPLE)[PERSON], SEX == "male"
    made = {}
    for method, gap in (("plain", 0.0), ("unfair", 1.5)):
        grain = 0.2 * rng.normal(size=len(IMAGES))
        made[method, "psnr"] = 25 + own + grain - gap * male
        made[method, "niqe"] = 5 + 0.5 * own + grain + gap * male
        made[method, "hue"] = own + grain + gap * male
        made[method, "detection"] = np.where(male & (gap > 0), PERSON % 2, 1.0)
    return made


def write_grouped(path: Path, seed: int = 0, groups: bool = True) -> RunData:
    """A run in a folder, read back."""
    made = scores(seed)
    path.mkdir(parents=True)
    rows = [(m, i, k, v, "ok") for (m, k), values in made.items() for i, v in zip(IMAGES, values, strict=True)]
    pd.DataFrame(rows, columns=["method", "image", "metric", "value", "status"]).to_parquet(path / "scores.parquet")
    values = {key: float(found.mean()) for key, found in made.items()} | {(m, "fid"): 30.0 for m in ("plain", "unfair")}
    names = ["method", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "status", "note"]
    summary = [
        (m, k, v, np.nan, np.nan, 80, INFO[k]["unit"], INFO[k]["direction"], "ok", "") for (m, k), v in values.items()
    ]
    pd.DataFrame(summary, columns=names).to_csv(path / "summary.csv", index=False)
    people = pd.DataFrame([(image, image[:3]) for image in IMAGES], columns=["image", "identity"])
    people.to_csv(path / "images.csv", index=False)
    (path / "manifest.json").write_text(json.dumps({"task": "x4", "metrics": INFO}), encoding="utf-8")
    if groups:
        write_labels(path / "groups.csv", labels())
    return RunData.load(path)


def write_labels(path: Path, columns: dict[str, dict[str, str]]) -> Path:
    """A file of labels."""
    frame = pd.DataFrame({"image": IMAGES} | {name: [of.get(i, "") for i in IMAGES] for name, of in columns.items()})
    frame.to_csv(path, index=False)
    return path
