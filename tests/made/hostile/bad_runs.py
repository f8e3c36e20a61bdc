"""Folders of runs that somebody changed, and what is read from them: table, plots, comparison, grid and audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from made.hostile.cases import Case

METHODS = ("bicubic", "ours")
MANIFEST: dict[str, Any] = {
    "schema_version": 1,
    "task": "x4",
    "spec": {"methods": list(METHODS), "data": "sample", "task": "x4", "degradation": "bicubic", "seed": 0}
    | {"batch_size": 16, "limit": None},
    "degradation": {"name": "noise:10", "protocol": "noise", "strength": 10.0, "unit": "levels"},
    "dataset": {"name": "sample", "n": 3, "has_hr": True, "sha256": "0" * 64, "left_out": {}, "warnings": []},
    "metrics": {"psnr": {"title": "PSNR", "unit": "dB", "direction": "higher", "digits": 2}},
    "protocols": {"psnr": "as anybody"},
    "methods": {name: {"description": "A method.", "status": "ok", "training": "none"} for name in METHODS},
}

PROPERTIES = """image,lr_size,brightness,contrast,noise,sharpness,yaw,pitch,roll,eye_distance
0,16,120,40,8,0.5,-12,3,1,4.5
1,16,90,45,7,0.6,,,,
2,16,140,38,9,0.4,30,-5,0,4.4
"""


def made_run(path: Path) -> Path:
    """The files of a small finished run, made up."""
    path.mkdir(parents=True, exist_ok=True)
    rows = [
        {"method": m, "image": f"{i}", "metric": "psnr", "value": 20.0 + i + k, "status": "ok"}
        for k, m in enumerate(METHODS)
        for i in range(3)
    ]
    pd.DataFrame(rows).to_parquet(path / "scores.parquet", index=False)
    summary = [
        {"method": m, "metric": "psnr", "value": 21.0 + k, "ci_low": 20.0 + k, "ci_high": 22.0 + k, "n": 3}
        | {"unit": "dB", "direction": "higher", "status": "ok", "note": ""}
        for k, m in enumerate(METHODS)
    ]
    pd.DataFrame(summary).to_csv(path / "summary.csv", index=False)
    (path / "details.csv").write_text("method,metric,detail,value\nours,psnr,p50,21.5\n")
    (path / "curves.csv").write_text("method,metric,curve,x,y\nours,psnr,roc,0,0\nours,psnr,roc,1,1\n")
    (path / "blocks.csv").write_text("method,metric,block,value\n")
    (path / "images.csv").write_text("image,identity\n0,ann\n1,\n2,NA\n")
    (path / "properties.csv").write_text(PROPERTIES)
    (path / "manifest.json").write_text(json.dumps(MANIFEST))
    return path


def changed(change: Callable[[Path], object], *command: str) -> Callable[[Path], list[object]]:
    """A command on a run that was changed."""

    def make(folder: Path) -> list[object]:
        run = made_run(folder / "run")
        change(run)
        name, *options = command or ("table",)
        return [name, run, *options]

    return make


def manifest_with(**changes: object) -> Callable[[Path], object]:
    return lambda run: (run / "manifest.json").write_text(json.dumps(MANIFEST | changes))


def manifest(text: str) -> Callable[[Path], object]:
    return lambda run: (run / "manifest.json").write_text(text)


def replaced(file: str, old: str, new: str) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        text = (run / file).read_text()
        assert old in text
        (run / file).write_text(text.replace(old, new))

    return change


def scored(**columns: object) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        frame = pd.read_parquet(run / "scores.parquet")
        frame.assign(**columns).to_parquet(run / "scores.parquet", index=False)

    return change


def doubled(run: Path) -> None:
    frame = pd.read_parquet(run / "scores.parquet")
    pd.concat([frame, frame]).to_parquet(run / "scores.parquet", index=False)


def indexed(text: str) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        (run / "images").mkdir()
        (run / "images" / "index.json").write_text(text)

    return change


NO_PICTURES = "no pictures were kept"
KEPT = '{"key": "k", "missing": {}}'

RUNS = [
    Case("run-missing", lambda folder: ["table", folder / "nothing"], "no such run folder"),
    Case("run-empty", changed(lambda run: [file.unlink() for file in run.iterdir()]), "is not a finished run"),
    Case("manifest-broken", changed(manifest("{")), "not valid JSON"),
    Case("manifest-list", changed(manifest("[]")), "must hold an object"),
    Case("manifest-deep", changed(manifest('{"a":' * 100_000)), "not valid JSON: RecursionError"),
    Case("manifest-binary", changed(lambda run: (run / "manifest.json").write_bytes(b"\xff\0")), "not valid JSON"),
    Case("manifest-digits", changed(manifest('{"n": ' + "9" * 5000 + "}")), "not valid JSON"),
    Case("manifest-dataset-list", changed(manifest_with(dataset=[1])), "dataset: must be"),
    Case("manifest-left-out-text", changed(manifest_with(dataset={"left_out": "all"})), "dataset.left_out: must be"),
    Case("manifest-warnings-number", changed(manifest_with(dataset={"warnings": 7})), "dataset.warnings: must be"),
    Case("manifest-digits-huge", changed(manifest_with(metrics={"psnr": {"digits": 10**9}})), "metrics.psnr.digits: "),
    Case("manifest-digits-word", changed(manifest_with(metrics={"psnr": {"digits": "two"}})), "metrics.psnr.digits: "),
    Case("manifest-methods-list", changed(manifest_with(methods=["a"]), "plot"), "methods: must be"),
    Case(
        "manifest-strength-word",
        changed(manifest_with(degradation={"strength": "much"}), "plot"),
        "degradation.strength: ",
    ),
    Case("manifest-limit-word", changed(manifest_with(spec={"limit": "all"}), "audit"), "spec.limit: "),
    Case("manifest-spec-missing", changed(manifest_with(spec=None), "audit"), "does not say what was run"),
    Case("manifest-spec-no-task", changed(manifest_with(spec=MANIFEST["spec"] | {"task": "x3"}), "audit"), "--task: "),
    Case("summary-no-rows", changed(lambda run: (run / "summary.csv").write_text("")), "cannot be read as CSV"),
    Case(
        "summary-heading-only",
        changed(lambda run: pd.read_csv(run / "summary.csv").head(0).to_csv(run / "summary.csv")),
        "no rows",
    ),
    Case("summary-word", changed(replaced("summary.csv", "21.0", "many")), "column value: "),
    Case("summary-huge", changed(replaced("summary.csv", "21.0", "1e308"), "plot"), "numbers beyond 1e.100"),
    Case("summary-endless-n", changed(replaced("summary.csv", ",3,", ",inf,")), "column n: more than"),
    Case("summary-status", changed(replaced("summary.csv", ",ok,", ",fine,")), "unknown status fine"),
    Case("summary-twice", changed(replaced("summary.csv", "ours", "bicubic")), "two rows for bicubic, psnr"),
    Case("scores-no-parquet", changed(lambda run: (run / "scores.parquet").write_bytes(b"PAR1PAR1")), "as parquet"),
    Case("scores-words", changed(scored(value="much"), "compare"), "column value is not a number"),
    Case("scores-numbers-for-names", changed(scored(image=7), "compare"), "column image is not text"),
    Case("scores-no-method", changed(scored(method=None), "compare"), "column method is not text"),
    Case("scores-twice", changed(doubled, "compare"), "two rows for bicubic, 0, psnr"),
    Case("details-words", changed(replaced("details.csv", "21.5", "much")), "details.csv: cannot be read as CSV"),
    Case(
        "details-twice", changed(replaced("details.csv", "21.5", "1\nours,psnr,p50,2")), "two rows for ours, psnr, p50"
    ),
    Case("curves-no-column", changed(replaced("curves.csv", ",x,", ",z,"), "plot"), "no column x"),
    Case("index-broken", changed(indexed("{"), "grid"), NO_PICTURES),
    Case("index-deep", changed(indexed("[" * 100_000), "grid"), NO_PICTURES),
    Case(
        "index-up",
        changed(indexed('{"images": ["../../evil"], "rows": {"ours": {"key": "k", "missing": {}}}}'), "grid"),
        NO_PICTURES,
    ),
    Case(
        "index-without-lr",
        changed(indexed('{"images": ["0"], "rows": {"ours": {"key": "k", "missing": {}}}}'), "grid"),
        NO_PICTURES,
    ),
    Case(
        "index-of-nothing",
        changed(indexed(f'{{"images": ["0"], "rows": {{"ours": {KEPT}, "lr": {KEPT}}}}}'), "grid"),
        "No such file",
    ),
]
