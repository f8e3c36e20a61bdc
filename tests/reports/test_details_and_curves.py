"""Secondary numbers: the details' table and the curves' plots, from a run's two further files."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fsrbench.errors import UserError
from fsrbench.reports.plots import curves as plot_curves
from fsrbench.reports.plots.looks import looks
from fsrbench.reports.plots.style import save, styled
from fsrbench.reports.tables.details import details_table
from fsrbench.reports.tables.render import render
from fsrbench.runs.columns import CURVE_COLUMNS, DETAIL_COLUMNS
from fsrbench.runs.data import RunData

VALUES = {
    "detection": {"bicubic": 0.9, "ours": 0.97, "hr": 0.99},
    "latency_ms": {"bicubic": 1.0, "ours": 4.0},
}
DETAILS = [
    ("bicubic", "detection", "mean_iou", 0.8512),
    ("ours", "detection", "mean_iou", 0.9),
    ("bicubic", "detection", "tar_at_far_0.01", 0.5),
    ("ours", "latency_ms", "p99", 4.25),
    ("ours", "latency_ms", "ratio", 0.123456),
]
CURVES = {"roc": "detection", "tpir": "detection", "threshold": "detection", "batch": "latency_ms"}


@pytest.fixture
def run(make_run) -> RunData:
    points = [
        (method, metric, curve, x, x / 2)
        for curve, metric in CURVES.items()
        for method in ("bicubic", "ours", "hr")
        for x in (0.25, 0.5, 1.0)
    ]
    details = pd.DataFrame(DETAILS, columns=list(DETAIL_COLUMNS))
    return replace(make_run(VALUES), details=details, curves=pd.DataFrame(points, columns=list(CURVE_COLUMNS)))


def test_details_are_shown_in_the_metrics_unit(run):
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in details_table(run).splitlines()[4:]]
    assert rows == [
        ["Detection (%)", "mean IoU with HR's box", "85.1", "90.0"],
        ["", "true accept rate at false accept rate 0.01", "50.0", "–"],
        ["Latency (ms)", "p99", "–", "4.2"],
        ["", "ratio to the base method", "–", "0.123"],
    ]


def test_details_stand_below_the_whole_markdown_table_only(run):
    assert render(run, "md").count("Details (–: not available):") == 1
    assert "Details" not in render(run, "md", columns=["detection"])
    assert "Details" not in render(replace(run, details=run.details[:0]), "md")


@pytest.mark.parametrize(
    ("draw", "curve"),
    [(plot_curves.draw_roc, "roc"), (plot_curves.draw_detection, "threshold"), (plot_curves.draw_throughput, "batch")],
)
def test_a_curve_a_method_in_its_colour(run, draw, curve):
    with styled():
        figure = draw(run)
    assert figure is not None
    (axis,) = figure.axes
    assert axis.get_title() == run.metric(CURVES[curve]).title
    lines = [line for line in axis.get_lines() if len(line.get_xdata()) == 3]
    look = looks(run)
    assert [line.get_color() for line in lines] == [look[name].colour for name in ("bicubic", "ours", "hr")]
    for line in lines:
        np.testing.assert_array_equal(line.get_xydata(), [[0.25, 0.125], [0.5, 0.25], [1, 0.5]])


def test_false_positives_start_where_one_probe_is_counted(run):
    (axes,) = plot_curves.draw_tpir(run).axes
    assert axes.get_xlim() == (0.25, 1)


def test_legend_of_many_methods_is_not_cut_off(make_run):
    names = ("bicubic", "scgan", "ours-short", "ours", "ours-psnr", "progressive", "hr")
    run = make_run({"detection": dict.fromkeys(names, 0.9)})
    points = [(name, "detection", "threshold", x, 0.5) for name in names for x in (0.5, 1.0)]
    with styled():
        figure = plot_curves.draw_detection(replace(run, curves=pd.DataFrame(points, columns=list(CURVE_COLUMNS))))
        figure.draw_without_rendering()
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1


@pytest.mark.parametrize("count", [2, 9, 20])
def test_no_two_lines_are_drawn_alike(make_run, tmp_path, count):
    names = ["nearest", "bilinear", *(f"method{i}" for i in range(count - 2))]
    run = make_run({"detection": dict.fromkeys(names, 0.9)})
    points = [(name, "detection", "threshold", x, 0.5 + x / 10) for name in names for x in (0.5, 1.0)]
    with styled():
        figure = plot_curves.draw_detection(replace(run, curves=pd.DataFrame(points, columns=list(CURVE_COLUMNS))))
        svg = save(figure, tmp_path, "curves")[1].read_text(encoding="utf-8")
    curves = re.findall(r"clip-path[^>]*(stroke-dasharray:[^>]*stroke: #\w+); stroke-width: 1.4", svg)
    assert len(curves) == len(set(curves)) == count


def test_legend_says_which_curve_is_of_a_part_of_the_images(run):
    rows = (run.summary["method"] == "ours") & (run.summary["metric"] == "detection")
    run.summary.loc[rows, ["status", "n"]] = "failed", 16
    run.manifest["dataset"] = {"n": 40}
    with styled():
        figure = plot_curves.draw_detection(run)
    assert figure is not None
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["bicubic", "ours (16 of 40 images)", "HR (ceiling)"]


def test_no_curves_no_plot(make_run):
    run = make_run(VALUES)
    assert [plot_curves.draw_roc(run), plot_curves.draw_detection(run), plot_curves.draw_throughput(run)] == [None] * 3


def test_files_are_read_and_earlier_runs_do_without(run):
    assert len(RunData.load(run.path).details) == 0
    run.details.to_csv(run.path / "details.csv", index=False)
    run.curves.to_csv(run.path / "curves.csv", index=False)
    again = RunData.load(run.path)
    pd.testing.assert_frame_equal(again.details, run.details, check_dtype=False)
    assert len(again.curves) == len(run.curves)
    assert not again.curves["y"].map(math.isnan).any()


def test_a_file_without_its_columns_is_one_line(run):
    (run.path / "details.csv").write_text("method,metric\nours,psnr\n")
    with pytest.raises(UserError, match=r"details\.csv: no column detail, value"):
        RunData.load(run.path)


@pytest.mark.parametrize(("least", "bottom"), [(1.0, 0.9), (0.97, 0.9), (0.84, 0.8), (0.0, 0.0)])
def test_the_axis_of_detection_ends_at_a_hundred_per_cent(make_run, least, bottom):
    run = make_run({"detection": {"a": 0.9}})
    points = [("a", "detection", "threshold", 0.5, 1.0), ("a", "detection", "threshold", 0.99, least)]
    with styled():
        figure = plot_curves.draw_detection(replace(run, curves=pd.DataFrame(points, columns=list(CURVE_COLUMNS))))
    low, high = figure.axes[0].get_ylim()
    assert low == pytest.approx(bottom)
    assert 1 < high <= 1.02
    assert figure.axes[0].get_xlim() == (0.5, 1)
