"""The audit's figure."""

from __future__ import annotations

import numpy as np
import pytest
from made.findings import METHODS, METRICS, PROTOCOLS, made_up, without
from matplotlib.colors import to_hex
from PIL import Image

from fsrbench.audit.plot import draw_audit, write_plot
from fsrbench.reports.plots.looks import looks_of
from fsrbench.reports.plots.style import freeze, styled


def test_a_figure_has_a_panel_a_metric_and_a_row_a_protocol() -> None:
    found = made_up()
    figure = draw_audit(found)
    assert figure is not None
    panels = {axes.get_title(loc="left"): axes for axes in figure.axes if axes.axison}
    assert set(panels) == {found.metrics[metric].label for metric in METRICS}
    for metric in METRICS:
        names = [label.get_text() for label in panels[found.metrics[metric].label].get_yticklabels()]
        assert names == [p.name for p in PROTOCOLS if p.metric == metric]


def test_every_value_is_a_dot_of_its_methods_colour() -> None:
    found = made_up(("bicubic", "scgan"), ("psnr",))
    figure = draw_audit(found)
    assert figure is not None
    axes = next(axes for axes in figure.axes if axes.axison)
    for method in ("bicubic", "scgan"):
        look = looks_of(found.listed)[method]
        dots = [line for line in axes.get_lines() if line.get_marker() == look.marker]
        mine = [line for line in dots if to_hex(line.get_color()) == look.colour.lower()]
        values = [found.value(method, "psnr", p.name) for p in found.protocols]
        assert sorted(float(line.get_xdata()[0]) for line in mine) == pytest.approx(sorted(values))


def test_the_spread_is_above_the_panel() -> None:
    figure = draw_audit(made_up(("bicubic",), ("psnr",)))
    assert figure is not None
    assert [axes.get_title(loc="right") for axes in figure.axes if axes.axison] == ["spread 0.45"]


@pytest.mark.heavy
@pytest.mark.parametrize("methods", [("bicubic",), METHODS, tuple(f"method {i}" for i in range(10))], ids=len)
def test_labels_do_not_overlap(methods: tuple[str, ...]) -> None:
    with styled():
        figure = draw_audit(made_up(methods))
        assert figure is not None
        freeze(figure)
        labels = [label for axes in figure.axes if axes.axison for label in axes.get_yticklabels()]
        titles = [title for axes in figure.axes if axes.axison for title in (axes._left_title, axes._right_title)]
        keys = [text for axes in figure.axes if (legend := axes.get_legend()) for text in legend.get_texts()]
        boxes = [text.get_window_extent() for text in (*labels, *titles, *keys) if text.get_text()]
    assert len(keys) == len(methods) + 3
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0


def test_the_figure_is_written_and_not_blank(tmp_path) -> None:
    files = write_plot(made_up(metrics=("psnr", "niqe")), tmp_path)
    assert [file.name for file in files] == ["audit.png", "audit.svg"]
    pixels = np.asarray(Image.open(files[0]).convert("RGB"))
    assert (pixels.min(axis=2) < 250).mean() > 0.01


def test_nothing_to_draw_leaves_no_old_figure(tmp_path) -> None:
    (tmp_path / "audit.png").write_bytes(b"of another audit")
    assert write_plot(without(made_up(metrics=("niqe",)), "niqe", "no"), tmp_path) == []
    assert not (tmp_path / "audit.png").exists()
