"""Ticks, legends and names in plots."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.reports.plots.looks import looks_of
from fsrbench.reports.plots.style import beside, bound_key, freeze, labels, legend_below, method_key, panels, styled
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.metric_info import MetricInfo


@pytest.mark.parametrize(("low", "high"), [(83.1, 97.2), (0.55, 0.83), (20.1, 26.3), (0.0, 100.0)])
def test_ticks_are_round(low, high):
    _, (axes,) = panels(1, 1, 2.3, 2.0)
    axes.set_xlim(low, high)
    plain_ticks(axes.xaxis)
    steps = {float(f"{step:.9g}") for step in np.diff(axes.get_xticks())}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"


def test_three_ticks_do_not_become_seven():
    _, (axes,) = panels(1, 1, 2.3, 2.0)
    axes.set_xlim(-0.035, 0.088)
    plain_ticks(axes.xaxis, most=4)
    assert [float(f"{tick:.9g}") for tick in axes.get_xticks() if -0.035 <= tick <= 0.088] == [0, 0.04, 0.08]


def test_long_ticks_are_fewer_and_small_ones_are_told_apart():
    _, (axes,) = panels(1, 1, 2.3, 2.0)
    axes.set_xlim(0.0007, 0.00115)
    plain_ticks(axes.xaxis, most=4)
    assert shown(axes) == ["0.0008", "0.0010"]
    axes.set_xlim(0.9e-5, 2.1e-5)
    plain_ticks(axes.xaxis, most=4)
    assert shown(axes) == ["0.000010", "0.000015", "0.000020"]


def shown(axes):
    """The texts of the ticks within the axis's limits."""
    low, high = axes.get_xlim()
    return axes.xaxis.get_major_formatter().format_ticks([tick for tick in axes.get_xticks() if low <= tick <= high])


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


@pytest.mark.parametrize(
    ("limits", "expected"),
    [((23.75, 24.25), ["23.8", "24.0", "24.2"]), ((0.955, 0.976), None), ((0.0, 100.0), None)],
)
def test_ticks_of_an_axis_have_as_many_digits(limits, expected):
    _, (axes,) = panels(1, 1, 2.3, 2.0)
    axes.set_xlim(*limits)
    plain_ticks(axes.xaxis, most=4)
    texts = [label.get_text() for label in axes.get_xticklabels()]
    assert len({len(text.partition(".")[2]) for text in texts}) == 1
    assert [float(text) for text in texts] == pytest.approx(axes.get_xticks())
    assert expected is None or set(expected) <= set(texts)


@pytest.mark.parametrize("count", range(1, 40))
@pytest.mark.parametrize("most", [3, 4])
def test_no_panel_is_alone_in_its_row(count, most):
    columns = beside(count, most)
    last = count % columns or columns
    assert 1 <= columns <= most + 1
    assert last > 1 or columns in (1, most)
    assert count > most or columns == count


@pytest.mark.parametrize(
    ("ceilings", "text"),
    [
        ((True, True), "HR (ceiling)"),
        ((False,), "HR (for comparison)"),
        ((True, False), "HR (ceiling; for comparison in M1)"),
    ],
)
def test_the_key_of_a_bound_says_where_it_is_no_ceiling(ceilings, text):
    infos = [
        MetricInfo.declared(f"m{i}", f"M{i}", "", "higher", 2, hr_is_ceiling=ceiling)
        for i, ceiling in enumerate(ceilings)
    ]
    assert bound_key("hr", infos).get_label() == text
    assert bound_key("lr", infos).get_label() == "LR (floor)"
