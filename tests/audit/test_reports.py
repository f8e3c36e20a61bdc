"""The tables and the figure of an audit, from made-up findings."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from itertools import combinations
from math import nan

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from rich.console import Console

from fsrbench.audit.findings import COLUMNS, Findings
from fsrbench.audit.plot import draw_audit, write_plot
from fsrbench.audit.protocols import all_protocols
from fsrbench.audit.table import TerminalAudit, difference, markdown
from fsrbench.reports.plots.looks import looks_of
from fsrbench.reports.plots.style import freeze, styled
from fsrbench.runs.metric_info import MetricInfo

PROTOCOLS = all_protocols()
METHODS = ("bicubic", "scgan", "python:my.package.module:LongClassName")
METRICS = tuple(dict.fromkeys(p.metric for p in PROTOCOLS))


def made_up(methods: tuple[str, ...] = METHODS, metrics: tuple[str, ...] = METRICS) -> Findings:
    """Findings under all protocols; the second method is overtaken by the first under the last of each metric."""
    rows = []
    protocols = tuple(p for p in PROTOCOLS if p.metric in metrics)
    for place, protocol in enumerate(protocols):
        last = place + 1 == len(protocols) or protocols[place + 1].metric != protocol.metric
        for rank, method in enumerate([*methods, "hr"]):
            if method == "hr" and protocol.metric in ("psnr", "ssim"):
                continue
            value = 0.5 + 0.1 * rank + 0.01 * (place % 5)
            value = 0.95 if last and rank == 0 else value
            row = {"method": method, "metric": protocol.metric, "group": protocol.group, "protocol": protocol.name}
            rows.append(row | {"value": value, "difference": 0.0, "n": 8, "status": "ok", "note": ""})
    declared = {p.metric: p.measure for p in protocols}
    infos = {m: MetricInfo.declared(m, p.title, p.unit, p.direction, p.digits) for m, p in declared.items()}
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    pairs = list(map(frozenset, combinations(methods, 2)))
    apart = frozenset((p.metric, p.name, pair) for p in protocols for pair in pairs)
    return Findings("made up, x4", methods, infos, dict.fromkeys(infos, 8), protocols, frame, apart=apart)


def without(found: Findings, metric: str, note: str) -> Findings:
    """The same, but one metric could not be measured."""
    rows = found.rows.copy()
    mine = rows["metric"] == metric
    rows.loc[mine, "value"], rows.loc[mine, "status"], rows.loc[mine, "note"] = nan, "unavailable", note
    return Findings(found.setting, found.listed, found.metrics, found.images, found.protocols, rows)


def printed(found: Findings, width: int) -> str:
    text = StringIO()
    Console(file=text, width=width).print(TerminalAudit(found))
    return text.getvalue()


def test_markdown_has_every_value_and_every_recipe() -> None:
    report = markdown(made_up())
    assert "| colour | Y, 16–235 | 0.51 (+0.01) | 0.61 (+0.01) | 0.71 (+0.01) |" in report
    assert "| confidence | confidence 0.5 |" in report
    for protocol in PROTOCOLS:
        assert f"{protocol.metric}, {protocol.name}: " in report.replace("\\", "")
    assert "| PSNR (dB) | bicubic | 0.50 (default) | 0.95 (LR: skimage rescale) | 0.50 | 0.45 |" in report


def test_tables_are_well_formed() -> None:
    for block in markdown(made_up()).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in lines}) <= 1


def test_rates_are_in_per_cent() -> None:
    assert "| Detection (%) | bicubic | 50.0 (" in markdown(made_up())


def test_a_change_of_the_ranking_is_told_with_its_numbers() -> None:
    report = markdown(made_up(("bicubic", "scgan"), ("psnr",)))
    assert "- PSNR: scgan 0.60 > bicubic 0.50 by default" in report.replace("&gt;", ">")
    assert "- PSNR: bicubic 0.95 > scgan " in report
    assert "with LR: skimage rescale" in report


def test_what_no_test_tells_apart_is_not_ranked() -> None:
    found = replace(made_up(("bicubic", "scgan"), ("psnr",)), apart=frozenset())
    report = markdown(found)
    assert "- PSNR: scgan 0.60 ≈ bicubic 0.50 by default; no two methods change places" in report
    assert found.reordered("psnr") == []


def test_a_ranking_that_stays_is_told_and_one_method_has_none() -> None:
    two = made_up(("bicubic", "scgan"), ("psnr",))
    calm = Findings(two.setting, two.listed, two.metrics, two.images, two.protocols[:3], two.rows)
    assert "by default; no two methods change places under any other" in markdown(calm)
    assert "Ranking" not in markdown(made_up(("bicubic",)))


def test_what_is_missing_is_told_once_and_has_no_table() -> None:
    report = markdown(without(made_up(), "niqe", "get the weights"))
    assert report.count("get the weights") == 1
    assert "NIQE, bicubic, scgan, python:my.package.module:LongClassName, hr: unavailable: get the weights" in report
    assert "\n## NIQE ↓\n" in markdown(made_up())
    assert "\n## NIQE ↓\n" not in report
    assert "\n## NIQE (face) ↓\n" in report


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_terminal_cuts_no_number(width: int) -> None:
    shown = printed(made_up(("bicubic", "scgan")), width)
    assert "0.61" in shown
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= width


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "+1.23"), (-1.2, "−1.20"), (0.0, "±0.00"), (0.004, "±0.00"), (-0.004, "±0.00")]
)
def test_differences_have_a_sign(value: float, text: str) -> None:
    assert difference(MetricInfo.declared("psnr", "PSNR", "dB", "higher", 2), value) == text


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


def test_the_spread_stands_above_the_panel() -> None:
    figure = draw_audit(made_up(("bicubic",), ("psnr",)))
    assert figure is not None
    assert [axes.get_title(loc="right") for axes in figure.axes if axes.axison] == ["spread 0.45"]


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
