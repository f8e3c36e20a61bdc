"""Each method has a distinct look, the same in every plot."""

from __future__ import annotations

import pytest
from made.plotted import BASELINES, METHODS, values
from matplotlib.colors import to_hex

from fsrbench.reports.page.results import SHAPES
from fsrbench.reports.plots.distributions import draw_distributions
from fsrbench.reports.plots.dots import draw_dots
from fsrbench.reports.plots.looks import MARKERS, looks, looks_of
from fsrbench.reports.plots.speed import draw_speed_quality


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
