"""Loading a run: what is read, and one clear line for what cannot be."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from fsrbench.errors import UserError
from fsrbench.runs.data import RunData


def test_order_of_methods_and_metrics_is_the_summarys_with_the_ceiling_last(make_run):
    run = make_run({"ssim": {"zeta": 0.5, "alpha": 0.6, "hr": 1.0}, "psnr": {"zeta": 20.0, "alpha": 21.0}})
    assert run.methods == ["zeta", "alpha"]
    assert run.rows == ["zeta", "alpha", "hr"]
    assert run.metrics == ["ssim", "psnr"]


def test_missing_numbers_are_nan_and_missing_notes_empty(make_run):
    result = make_run({"psnr": {"a": {"status": "failed"}}}).result("a", "psnr")
    assert math.isnan(result.value)
    assert result.note == ""
    assert not result.ok
    assert not result.has_value


def test_a_note_that_reads_like_a_missing_value_stays_text(make_run):
    assert make_run({"psnr": {"a": {"value": 20.0, "note": "NA"}}}).result("a", "psnr").note == "NA"


def test_a_frame_that_never_was_a_file_may_hold_no_note(make_run):
    run = make_run({"psnr": {"a": 20.0}})
    live = RunData(run.path, run.scores, run.summary.assign(note=math.nan), run.manifest)
    assert live.result("a", "psnr").note == ""


def test_fractions_are_shown_in_per_cent(make_run):
    info = make_run({"detection": {"a": 0.9744}}).metric("detection")
    assert info.label == "Detection (%) ↑"
    assert info.text(0.9744) == "97.4"


def test_a_metric_that_the_manifest_does_not_know_is_shown_by_its_name(make_run):
    run = make_run({"niqe": {"a": 5.0}}, metrics={})
    assert run.metric("niqe").label == "niqe ↓"


@pytest.mark.parametrize("name", ["scores.parquet", "summary.csv", "manifest.json"])
def test_a_missing_file_is_named(make_run, name):
    path = make_run({"psnr": {"a": 20.0}}).path
    (path / name).unlink()
    with pytest.raises(UserError, match=f"not a finished run: no {name}"):
        RunData.load(path)


def test_no_such_folder(tmp_path):
    with pytest.raises(UserError, match="no such run folder"):
        RunData.load(tmp_path / "nowhere")


def damage_manifest(path: Path) -> None:
    (path / "manifest.json").write_text("{", encoding="utf-8")


def damage_manifest_type(path: Path) -> None:
    (path / "manifest.json").write_text("[]", encoding="utf-8")


def damage_scores(path: Path) -> None:
    (path / "scores.parquet").write_bytes(b"no parquet")


def drop_score_column(path: Path) -> None:
    pd.read_parquet(path / "scores.parquet").drop(columns="image").to_parquet(path / "scores.parquet")


def change_summary(path: Path, old: str, new: str) -> None:
    text = (path / "summary.csv").read_text(encoding="utf-8")
    assert old in text
    (path / "summary.csv").write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_manifest, "not valid JSON"),
        (damage_manifest_type, "must hold an object, not list"),
        (damage_scores, "cannot be read as parquet"),
        (drop_score_column, "no column image"),
        (lambda path: change_summary(path, "direction", "way"), "no column direction"),
        (lambda path: change_summary(path, "20.5", "twenty"), "column value: .*twenty"),
        (lambda path: change_summary(path, "ok", "fine"), "unknown status fine"),
        (lambda path: change_summary(path, "higher", "up"), "unknown direction up"),
        (lambda path: change_summary(path, "b,psnr", "a,psnr"), "two rows for a, psnr"),
        (lambda path: (path / "summary.csv").write_text(""), "cannot be read as CSV"),
    ],
)
def test_damage_is_one_clear_line_that_names_the_file(make_run, damage, message):
    path = make_run({"psnr": {"a": 20.5, "b": 21.0}}).path
    damage(path)
    with pytest.raises(UserError, match=message) as caught:
        RunData.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_run_prints_its_summary(tmp_path: Path) -> None:
    summary = pd.DataFrame(
        [["ours", "psnr", 23.5, 23.0, 24.0, "dB", "ok"]],
        columns=["method", "metric", "value", "ci_low", "ci_high", "unit", "status"],
    )
    lines = str(RunData(tmp_path, pd.DataFrame(), summary, {"long": "manifest"})).splitlines()
    assert len(lines) == 2
    assert lines[1].split() == ["ours", "psnr", "23.5", "23.0", "24.0", "dB", "ok"]
