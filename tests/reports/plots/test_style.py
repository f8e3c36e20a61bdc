"""Ticks, legends and names in plots."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.reports.plots.looks import looks_of
from fsrbench.reports.plots.style import freeze, labels, legend_below, method_key, panels, plain_ticks, styled


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
