"""Plots exist, show something, and a method looks the same in all of them."""

from __future__ import annotations

import math
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from fsrbench.reports.page.results import SHAPES
from fsrbench.reports.plots.distributions import draw_distributions
from fsrbench.reports.plots.dots import draw_dots
from fsrbench.reports.plots.draw import write_plots
from fsrbench.reports.plots.labels import place_labels
from fsrbench.reports.plots.looks import MARKERS, looks, looks_of
from fsrbench.reports.plots.speed import Point, draw_speed_quality, pareto_front
from fsrbench.reports.plots.style import freeze, labels, legend_below, method_key, panels, plain_ticks, styled

NAN = math.nan
METHODS = ("bicubic", "scgan", "ours")


def values(methods=METHODS, hr=True, latency=True):
    """Values of a few metrics that differ between methods."""
    given = {
        "psnr": {name: (20.0 + i, 19.5 + i, 20.6 + i) for i, name in enumerate(methods)},
        "niqe": {name: (8.0 - 0.2 * i, NAN, NAN) for i, name in enumerate(methods)},
    }
    if latency:
        given["latency_ms"] = {name: (1.0 + 7.0 * i, 0.9 + 7.0 * i, 1.2 + 7.0 * i) for i, name in enumerate(methods)}
    if hr:
        given["niqe"]["hr"] = 4.0
    return given


def hard_cases():
    """Runs that are easy to forget, by name."""
    holes = values()
    holes["psnr"]["scgan"] = {"status": "failed", "note": "broke"}
    holes["niqe"]["ours"] = {"value": NAN}
    holes["latency_ms"]["bicubic"] = 0.0
    twenty = values([f"python:package.module:Class{i}" for i in range(20)])
    return {
        "single": values(("ours",)),
        "holes": holes,
        "twenty": {metric: twenty[metric] for metric in ("psnr", "latency_ms")},
    }


def ink(file):
    """Share of the pixels that are not white."""
    pixels = np.asarray(Image.open(file).convert("RGB"))
    return float((pixels.min(axis=2) < 250).mean())


@pytest.mark.parametrize("name", hard_cases())
def test_every_plot_is_written_and_not_blank(make_run, tmp_path, name):
    files = write_plots(make_run(hard_cases()[name]), tmp_path / "plots")
    assert [file.name for file in files] == [
        f"{plot}.{ending}" for plot in ("speed_quality", "metrics", "distributions") for ending in ("png", "svg")
    ]
    for file in files:
        if file.suffix == ".png":
            assert ink(file) > 0.01
        else:
            assert file.read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_a_plot_without_data_is_not_written_and_an_old_one_goes(make_run, tmp_path):
    stale = tmp_path / "speed_quality.png"
    stale.write_bytes(b"of another run")
    files = write_plots(make_run(values(hr=False, latency=False)), tmp_path)
    assert {file.stem for file in files} == {"metrics", "distributions"}
    assert not stale.exists()


def test_nothing_to_draw(make_run, tmp_path):
    run = make_run({"kid": {"a": {"status": "invalid", "note": "too few"}}})
    assert write_plots(run, tmp_path / "plots") == []


def test_the_callers_matplotlib_is_left_alone(make_run, tmp_path):
    before, had_pyplot = dict(matplotlib.rcParams), "matplotlib.pyplot" in sys.modules
    write_plots(make_run({"detection": {"a": 0.9}}), tmp_path)
    assert dict(matplotlib.rcParams) == before
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot


def test_a_method_has_one_colour_in_every_plot(make_run):
    run = make_run(values())
    look = looks(run)
    assert len({look[name].colour for name in METHODS}) == len(METHODS)
    for draw in (draw_speed_quality, draw_dots, draw_distributions):
        for axes in draw(run).axes:
            drawn = {to_hex(line.get_color()) for line in axes.get_lines()}
            drawn |= {to_hex(part.get_facecolor()[0]) for part in axes.collections if len(part.get_facecolor())}
            assert {look[name].colour.lower() for name in METHODS} <= drawn


def test_colours_follow_the_manifest_not_what_a_plot_happens_to_show(make_run):
    full = looks(make_run(values()))
    listed = {name: {} for name in METHODS}
    part = looks(make_run(values(("ours",)), methods=listed))
    assert part["ours"] == full["ours"]
    assert part["hr"].colour not in {full[name].colour for name in METHODS}


def test_looks_do_not_depend_on_the_order_of_the_methods():
    names = ["ours", "bicubic", "mine", "scgan"]
    assert looks_of(names) == looks_of(reversed(names))


@pytest.mark.parametrize("count", range(2, 21))
def test_every_method_of_a_run_has_a_line_of_its_own(make_run, count):
    names = (BASELINES + [f"plugin{i}" for i in range(20)])[:count]
    look = looks(make_run(values(names)))
    assert len({(look[name].colour, look[name].dash) for name in [*names, "hr"]}) == count + 1


BASELINES = ["nearest", "bilinear", "bicubic", "lanczos", "ours", "ours-id", "ours-short", "progressive", "scgan"]


@pytest.mark.parametrize("names", [BASELINES, [f"m{i:02d}" for i in range(42)]], ids=["baselines", "42"])
def test_no_two_methods_share_a_look(names):
    """Points have colour and marker, lines colour and dash; up to six methods differ in each of the three."""
    look = looks_of(names)
    assert len({(look[name].colour, look[name].marker) for name in [*names, "hr"]}) == len(names) + 1
    assert len({(look[name].colour, look[name].dash) for name in [*names, "hr"]}) == len(names) + 1
    six = looks_of(names[:6])
    for part in ("colour", "marker", "dash"):
        assert len({getattr(six[name], part) for name in [*names[:6], "hr"]}) == 7


def test_the_page_has_a_shape_for_every_marker():
    assert set(SHAPES) >= {*MARKERS, looks_of([])["hr"].marker}


def test_twenty_methods_look_different(make_run):
    names = [f"m{i}" for i in range(20)]
    look = looks(make_run(values(names)))
    assert len({look[name] for name in [*names, "hr"]}) == 21


def test_rates_are_drawn_in_per_cent(make_run):
    axes = draw_dots(make_run({"detection": {"a": 0.9, "b": 0.95}})).axes[0]
    assert axes.get_title() == "Detection (%) ↑"
    assert {float(line.get_xdata()[0]) for line in axes.get_lines()} == {90.0, 95.0}


def point(name, x, y):
    return Point(name, x, y, (0.0, 0.0), (0.0, 0.0))


@pytest.mark.parametrize(("lower", "front"), [(False, ["a", "c"]), (True, ["a", "b"])])
def test_pareto_front(lower, front):
    points = [point("c", 3.0, 9.0), point("b", 2.0, 1.0), point("a", 1.0, 5.0), point("d", 4.0, 5.0)]
    assert [p.method for p in pareto_front(points, lower)] == front


@pytest.mark.parametrize(("images", "drawn"), [(3, False), (20, True)])
def test_too_few_people_make_no_front(make_run, images, drawn):
    times = {"a": (3.0, 2.9, 3.1), "b": (5.0, 4.9, 5.1)}
    figure = draw_speed_quality(make_run({"psnr": {"a": 20.0, "b": 25.0}, "latency_ms": times}, n=images))
    keys = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert ("Pareto front, by value" in keys) == drawn


def test_labels_cover_neither_points_nor_each_other():
    figure, (axes,) = panels(1, 1, 3.5, 2.8)
    points = [(1.0, 1.0), (1.05, 1.02), (1.1, 0.98), (1.0, 1.1), (2.0, 2.0)]
    axes.set(xlim=(0, 3), ylim=(0, 3))
    freeze(figure)
    texts = place_labels(axes, ["bicubic", "scgan", "ours", "progressive", "far"], points, ["#0072B2"] * 5)
    boxes = [text.get_window_extent() for text in texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert not any(box.contains(*axes.transData.transform(place)) for place in points)


def test_percent_axes_have_no_tick_above_100(make_run):
    figure = draw_speed_quality(make_run({"detection": {"a": 0.6, "b": 1.0}, "latency_ms": {"a": 1.0, "b": 3.0}}))
    (axes,) = figure.axes
    low, high = axes.get_ylim()
    assert (low < 60, high > 105) == (True, True)
    assert [tick for tick in axes.get_yticks() if low <= tick <= high] == [60, 80, 100]


@pytest.mark.parametrize(("lower", "values_"), [(False, (20.0, 25.0)), (True, (8.0, 4.0))])
def test_the_pareto_line_reaches_the_panels_edge(make_run, lower, values_):
    metric = "niqe" if lower else "psnr"
    given = {metric: dict(zip("ab", values_, strict=True)), "latency_ms": {"a": 1.0, "b": 7000.0}}
    (axes,) = draw_speed_quality(make_run(given)).axes
    (front,) = [line for line in axes.get_lines() if line.get_drawstyle() == "steps-post"]
    assert max(front.get_xdata()) == axes.get_xlim()[1]


@pytest.mark.parametrize(("low", "high"), [(83.1, 97.2), (0.55, 0.83), (20.1, 26.3), (0.0, 100.0)])
def test_ticks_are_round(low, high):
    _, (axes,) = panels(1, 1, 2.3, 2.0)
    axes.set_xlim(low, high)
    plain_ticks(axes.xaxis)
    steps = {float(f"{step:.9g}") for step in np.diff(axes.get_xticks())}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"


@pytest.mark.parametrize("count", [1, 4, 8, 12, 20])
@pytest.mark.parametrize("columns", [1, 2, 3])
def test_legends_are_never_cut_off(count, columns):
    names = [f"images:/results/run{i}/a_rather_long_name" for i in range(count)]
    with styled():
        figure, _ = panels(columns, 3, 2.9, 2.4)
        look, shown = looks_of(names), labels(names)
        legend_below(figure, [method_key(shown[name], look[name]) for name in names])
        freeze(figure)
    box, page = figure.legends[0].get_window_extent(), figure.bbox
    assert box.x0 >= 0
    assert box.x1 <= page.width
    assert box.y0 >= 0
    assert box.y1 <= page.height


def test_names_in_other_scripts_are_drawn_in_letters_that_there_are(make_run, tmp_path):
    names = ["超分辨率模型", "สวัสดี", "नमस्ते", "モデル", "Привет", "μοντέλο"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of every glyph that its fonts have not
        write_plots(make_run(values(names)), tmp_path / "plots")
    assert len(set(labels(names).values())) == len(names) + 1
    assert labels(names)["Привет"] == "Привет"


def test_names_are_no_formulas(make_run, tmp_path):
    odd, metrics = "$\\frac{$", {"psnr": {"title": "$\\bad{$", "unit": "$_{", "direction": "higher", "digits": 2}}
    run = make_run({"psnr": {odd: (20.0, 19.0, 21.0), "b": (21.0, 20.0, 22.0)}}, metrics=metrics)
    assert write_plots(run, tmp_path / "plots")
