"""Speed against quality, and the Pareto front."""

from __future__ import annotations

import pytest

from fsrbench.reports.plots.pareto import pareto_front
from fsrbench.reports.plots.speed import Point, draw_speed_quality


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
