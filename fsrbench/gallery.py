"""The pictures of a finished run: the grid and, where asked for, every SR picture as PNG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fsrbench.engine.plan import HR, Unit, make_plan
from fsrbench.engine.run import Run
from fsrbench.reports.grids import GridColumn, choose_rows, draw_grid

GRID_ROWS = 5
CAPTIONS = {"psnr": "{:.1f} dB", "psnr_y": "{:.1f} dB", "ssim": "SSIM {:.3f}", "niqe": "NIQE {:.1f}"}
"""Scores that may stand under a picture; the first one that was computed does."""


def write_grid(run: Run, scores: pd.DataFrame, out: Path) -> None:
    """LR, each method and HR side by side, from the first method's best image to its worst."""
    made = _made(run)
    methods = [m for m in run.methods if made.get(m)]  # one that failed on every image has no picture to show
    ids = [s.id for s in run.dataset if methods and all(s.id in made[m] for m in methods)]
    if not ids:
        out.unlink(missing_ok=True)  # an earlier run's grid
        return
    scores = scores[scores["image"].isin(ids)]
    metric = next((m for m in CAPTIONS if m in set(scores["metric"])), "")
    rows = choose_rows(scores, metric, methods[0], GRID_ROWS, higher_is_better=metric != "niqe") or ids[:GRID_ROWS]
    columns = [GridColumn("LR", _lr(run, rows), pixelated=True)]
    for method in run.rows(methods):
        columns.append(
            GridColumn(_title(method), _pictures(run, method, rows), _captions(scores, metric, method, rows))
        )
    draw_grid(columns, rows, out)


def save_images(run: Run, folder: Path) -> None:
    """Write every method's pictures as ``<method>/<id>.png``."""
    for unit in make_plan(run.shards, run.methods):
        for image, pixels in _unit_pictures(run, unit).items():
            path = folder / safe_name(unit.method) / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)


def safe_name(method: str) -> str:
    """A method's name as a folder's: ``python:pkg.module:Class`` has colons that some systems refuse."""
    return re.sub(r"[^\w.+-]", "_", method)


def _made(run: Run) -> dict[str, set[str]]:
    """The images that each method could do."""
    made: dict[str, set[str]] = {}
    for unit in make_plan(run.shards, run.methods):
        made.setdefault(unit.method, set()).update(_unit_pictures(run, unit))
    return made


def _unit_pictures(run: Run, unit: Unit) -> dict[str, np.ndarray]:
    made, ids = run.worker.pictures(unit), run.worker.inputs(unit.shard).ids
    return {ids[row]: pixels for row, pixels in zip(made.rows, made.pixels, strict=True)}


def _pictures(run: Run, method: str, rows: Sequence[str]) -> list[np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for unit in make_plan(run.shards, [method]):
        found |= {i: p for i, p in _unit_pictures(run, unit).items() if i in rows}
    return [found[i] for i in rows]


def _lr(run: Run, rows: Sequence[str]) -> list[np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for shard in run.shards:
        inputs = run.worker.inputs(shard)
        found |= {i: p for i, p in zip(inputs.ids, inputs.lr, strict=True) if i in rows}
    return [found[i] for i in rows]


def _title(method: str) -> str:
    return "HR" if method == HR else method


def _captions(scores: pd.DataFrame, metric: str, method: str, rows: Sequence[str]) -> list[str]:
    mine = scores[(scores["method"] == method) & (scores["metric"] == metric)].set_index("image")["value"]
    return [CAPTIONS[metric].format(mine[i]) if i in mine.index else "" for i in rows] if metric else []
