"""One line per method through runs that differ in one strength; everything else is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_hex

from fsrbench.errors import UserError
from fsrbench.reports.plots.draw import plot
from fsrbench.reports.plots.looks import looks_of
from fsrbench.reports.plots.sweep import draw_sweep
from fsrbench.runs.data import RunData
from fsrbench.runs.sweep import sweep

STRENGTHS = (10.0, 0.0, 5.0)


def noise(strength: float, **more: Any) -> dict[str, Any]:
    degradation = {"name": "noise", "protocol": "made up", "strength": strength, "unit": "of 255"}
    return {"degradation": degradation, "dataset": {"name": "sample", "sha256": "aa", "n": 20}} | more


@pytest.fixture
def runs(make_run) -> list[RunData]:
    """Three strengths, out of order; kid is the same in all."""
    made = []
    for strength in STRENGTHS:
        values = {
            "psnr": {
                m: (25 - i - strength / 4, 24 - i - strength / 4, 26 - i) for i, m in enumerate(("ours", "scgan"))
            },
            "detection": {"ours": 0.9 - strength / 100, "hr": 0.99},
            "kid": {"ours": 0.5},
        }
        made.append(make_run(values, **noise(strength)))
    return made


def test_lines_go_through_all_strengths_in_order(runs):
    psnr, detection = draw_sweep(runs).axes
    ours, scgan = psnr.get_lines()
    assert list(ours.get_xdata()) == [0, 5, 10]
    assert list(ours.get_ydata()) == [25, 23.75, 22.5]
    assert list(scgan.get_ydata()) == [24, 22.75, 21.5]
    assert psnr.get_xlabel() == "noise (of 255)"
    assert list(detection.get_lines()[0].get_ydata()) == pytest.approx([90, 85, 80])  # per cent
    assert list(detection.get_lines()[1].get_ydata()) == pytest.approx([99, 99, 99])


def test_what_never_changes_is_left_out(runs):
    assert [axis.get_title() for axis in draw_sweep(runs).axes] == ["PSNR (dB) ↑", "Detection (%) ↑"]


def test_methods_look_as_in_other_plots(runs):
    lines = draw_sweep(runs).axes[0].get_lines()
    assert [to_hex(line.get_color()) for line in lines] == [
        looks_of(["ours", "scgan"])[name].colour.lower() for name in ("ours", "scgan")
    ]


def test_intervals_are_bands(runs):
    (band, _) = draw_sweep(runs).axes[0].collections
    corners = band.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (21.5, 26)


def test_jpeg_gets_harder_to_the_right(make_run):
    manifests = [noise(q) | {"degradation": {"name": "jpeg", "strength": q, "unit": "quality"}} for q in (90, 10)]
    runs = [make_run({"psnr": {"ours": 20 + t["degradation"]["strength"] / 10}}, **t) for t in manifests]
    left, right = draw_sweep(runs).axes[0].get_xlim()
    assert left > right


def test_a_method_may_be_missing_from_a_run(runs, make_run):
    runs.append(make_run({"psnr": {"ours": 20.0, "scgan": {"status": "failed", "note": "broke"}}}, **noise(20)))
    ours, scgan = draw_sweep(runs).axes[0].get_lines()
    assert (len(ours.get_xdata()), len(scgan.get_xdata())) == (4, 3)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"degradation": {"name": "bicubic"}}, "its degradation has no strength"),
        ({"degradation": {"name": "blur", "strength": 1.0}}, "differ in degradations"),
        ({"dataset": {"sha256": "bb"}}, "differ in data"),
        ({"task": "x8"}, "differ in tasks"),
        ({}, "each with a different strength"),
    ],
)
def test_what_is_no_sweep_is_refused(runs, changed, reason):
    other = replace(runs[0], manifest=runs[0].manifest | changed)
    with pytest.raises(UserError, match=reason):
        sweep([runs[0], other])


def test_one_run_is_no_sweep(runs):
    with pytest.raises(UserError, match="at least two runs"):
        sweep(runs[:1])


def test_several_runs_need_a_place_to_write_to(tmp_path: Path):
    with pytest.raises(UserError, match="need --out"):
        plot([tmp_path / "a", tmp_path / "b"], None)
