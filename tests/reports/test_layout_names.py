"""A layout's names in plots, grids and pages; their looks stay those of the run."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call, picture_files, run, write_files
from matplotlib.axes import Axes

from fsrbench.gallery import grid
from fsrbench.reports.plots.dots import draw_dots
from fsrbench.reports.plots.looks import looks
from fsrbench.reports.plots.sweep import draw_sweep
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.sources import arranged
from fsrbench.runs.data import RunData

LAYOUT = Layout.model_validate({"methods": {"nearest": "Ours (small)", "bicubic": "Baseline"}})


def row_names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_plots_have_the_layouts_names_in_its_order(make_run) -> None:
    made = make_run({"psnr": {"bicubic": 20.0, "nearest": 21.0, "other": 22.0}})
    figure = draw_dots(arranged(made, LAYOUT))
    assert figure is not None
    assert row_names(figure.axes[0]) == ["Ours (small)", "Baseline"]


def test_a_layout_changes_no_look(make_run) -> None:
    made = make_run({"psnr": {"bicubic": 20.0, "alpha": 22.0, "nearest": 21.0}})
    own, renamed = looks(made), looks(arranged(made, LAYOUT))
    assert (renamed["Ours (small)"], renamed["Baseline"]) == (own["nearest"], own["bicubic"])


def test_a_sweep_has_the_layouts_names(make_run) -> None:
    runs = []
    for strength in (5.0, 10.0):
        manifest = {"degradation": {"name": "noise", "strength": strength}, "dataset": {"sha256": "aa"}}
        runs.append(arranged(make_run({"psnr": {"bicubic": 20 - strength, "nearest": 9.0}}, **manifest), LAYOUT))
    figure = draw_sweep(runs)
    assert figure is not None
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Ours (small)", "Baseline"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finished") / "out"
    data = write_files(tmp_path_factory.mktemp("data"), picture_files(["a.png", "b.png"]))
    assert run(data, out, "--metrics", "psnr", methods="bicubic,nearest", grid=True).code == 0
    return out


def test_the_commands_take_a_layout(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = tmp_path / "paper.yaml"
    layout.write_text("methods: {nearest: Ours (small), bicubic: Baseline}")
    seen: list[str] = []
    monkeypatch.setattr(grid, "draw_grid", lambda columns, *_, **__: seen.extend(c.title for c in columns))
    own = (finished / "grid.png").read_bytes()
    assert call("grid", finished, "--layout", layout, "--no-parts").exit_code == 0
    assert seen == ["LR", "Ours (small)", "Baseline", "HR"]
    assert (finished / "grid.png").read_bytes() == own
    page = tmp_path / "report.html"
    assert call("report", finished, "--layout", layout, "--out", page).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "Ours (small)" in text
    assert "nearest</th>" not in text
    assert call("plot", finished, "--layout", layout, "--out", tmp_path / "plots").exit_code == 0


def test_a_layout_of_another_run_is_refused_in_a_line(finished: Path, tmp_path: Path) -> None:
    layout = tmp_path / "paper.yaml"
    layout.write_text("methods: [bicubik]")
    for command in ("plot", "grid", "report"):
        refused = call(command, finished, "--layout", layout)
        assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
        assert "no method bicubik in this run; did you mean bicubic?" in refused.stderr


def test_grid_titles_of_alike_paths_are_distinct(make_run) -> None:
    names = [f"checkpoint:/data/exp{x}/models/net_g_latest.pth" for x in "AB"]
    made = make_run({"psnr": dict.fromkeys(names, 20.0)})
    assert isinstance(made, RunData)
    assert len({grid._titles(made)[name] for name in names}) == 2
