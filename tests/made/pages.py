"""Values, pictures and a reader for the tests of the HTML page. No picture here shows a person."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder

VALUES: dict[str, dict[str, Any]] = {
    "psnr": {"bicubic": (23.84, 23.6, 24.1), "ours": (26.08, 25.9, 26.4), "scgan": (25.54, 25.3, 25.8)},
    "niqe": {"bicubic": 15.9, "ours": 11.5, "scgan": 12.1, "hr": 9.3},
    "kid": {"bicubic": {"status": "invalid", "note": "few images"}, "ours": 0.001, "scgan": 0.002},
    "latency_ms": {"bicubic": (0.4, 0.3, 0.5), "ours": (3.1, 3.0, 3.2), "scgan": (32.0, 31.0, 33.0)},
}


def picture(seed: int, side: int) -> np.ndarray:
    """Noise, uint8 H,W,3, which no other picture equals."""
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def add_pictures(
    run: RunData, images: Sequence[str] = (), side: int = 64, missing: Sequence[str] | Mapping[str, Sequence[str]] = ()
) -> RunData:
    """Give a made-up run pictures, and its images other names where some are given.

    Args:
        run: the run.
        images: their names, as many as the run has.
        side: of SR and HR.
        missing: images that the first method could not make, or that each could not.
    """
    old = sorted(run.scores["image"].unique())
    names = list(images) or old
    scores = run.scores.assign(image=run.scores["image"].map(dict(zip(old, names, strict=True))))
    scores.to_parquet(run.path / "scores.parquet")
    folder = PictureFolder(run.path / "images")
    rows: dict[str, KeptRow] = {}
    for number, row in enumerate(["lr", *run.methods, "hr"]):
        gone = missing.get(row, ()) if isinstance(missing, Mapping) else missing if number == 1 else ()
        size = 16 if row == "lr" else side
        made = [(name, picture(1000 * number + place, size)) for place, name in enumerate(names) if name not in gone]
        assert not folder.write(row, made)
        rows[row] = KeptRow(row, dict.fromkeys(gone, "not made"))
    folder.finish(Index(tuple(names), rows))
    return RunData.load(run.path)


def add_plot(run: RunData, name: str, inside: str = "") -> None:
    """Give a run a plot."""
    (run.path / "plots").mkdir(exist_ok=True)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="30pt" viewBox="0 0 300 30">{inside}</svg>'
    (run.path / "plots" / f"{name}.svg").write_text(svg)


def add_metrics(run: RunData, count: int) -> RunData:
    """Make the summary large: ``count`` metrics, and eight methods with names that have no good place to break."""
    said = {"value": 12345.678, "ci_low": 12345.1, "ci_high": 12399.9, "n": 20, "unit": "images/s"}
    rows = [
        {"method": f"python:package.module{m}:Network", "metric": f"metric_{k}", **said, "direction": "higher"}
        for m in range(8)
        for k in range(count)
    ]
    pd.DataFrame(rows).assign(status="ok", note="").to_csv(run.path / "summary.csv", index=False)
    details = [(row["method"], "metric_0", "p90", 12345.678) for row in rows]
    columns = ["method", "metric", "detail", "value"]
    pd.DataFrame(details, columns=columns).drop_duplicates().to_csv(run.path / "details.csv", index=False)
    return RunData.load(run.path)


def blocks(page: str) -> dict[str, Any]:
    """The page's JSON blocks by id."""
    found = re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def words(page: str) -> str:
    """What a reader sees, roughly: no scripts, no styles, no tags, single spaces."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", bare)).split())
