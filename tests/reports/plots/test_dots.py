"""Numbers with their intervals as dots."""

from __future__ import annotations

from fsrbench.reports.plots.dots import draw_dots


def test_rates_are_drawn_in_per_cent(make_run):
    axes = draw_dots(make_run({"detection": {"a": 0.9, "b": 0.95}})).axes[0]
    assert axes.get_title() == "Detection (%) ↑"
    assert {float(line.get_xdata()[0]) for line in axes.get_lines()} == {90.0, 95.0}
