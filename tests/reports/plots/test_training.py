"""Learning curves from a training's log."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fsrbench.errors import UserError
from fsrbench.reports.plots.draw import plot
from fsrbench.reports.plots.training import draw_training


def training(
    folder: Path, log: str = "step,images,pixel,psnr_a,psnr_b\n10,320,0.5,20,21\n20,640,0.4,,\n30,960,0.3,22,23\n"
):
    folder.mkdir(parents=True)
    (folder / "training.json").write_text('{"model": "ours"}', encoding="utf-8")
    (folder / "log.csv").write_text(log, encoding="utf-8")
    return folder


def test_a_panel_a_quantity_and_one_for_all_psnrs(tmp_path):
    pixel, psnr = draw_training([training(tmp_path / "a")]).axes
    assert (pixel.get_title(), psnr.get_title()) == ("pixel", "PSNR (dB)")
    assert list(pixel.get_lines()[0].get_xdata()) == [320, 640, 960]
    assert [list(line.get_ydata()) for line in psnr.get_lines()] == [[20, 22], [21, 23]]  # holes are joined
    assert [text.get_text() for text in psnr.get_legend().get_texts()] == ["a", "b"]


def test_several_trainings_share_the_panels(tmp_path):
    folders = [training(tmp_path / "a"), training(tmp_path / "b", "step,pixel\n10,0.6\n20,0.2\n")]
    pixel, psnr = draw_training(folders).axes
    assert len({line.get_color() for line in pixel.get_lines()}) == 2
    assert pixel.get_xlabel() == "updates"  # one of them did not log its images
    assert len(psnr.get_lines()) == 2


@pytest.mark.parametrize("several", [False, True])
def test_one_checkpoint_is_a_visible_point(tmp_path, several):
    folders = [training(tmp_path / name, "step,images,pixel\n10,320,0.5\n") for name in ("a", "b")[: 1 + several]]
    figure = draw_training(folders)
    (pixel,) = figure.axes
    for line in pixel.get_lines():
        assert line.get_marker() not in ("", "None", None)
        assert line.get_markevery() == 1
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in pixel.get_xticklabels() if label.get_text()]
    assert all(first.x1 < second.x0 for first, second in pairwise(boxes))


def test_plot_tells_trainings_from_runs(tmp_path):
    files = plot([training(tmp_path / "a")], None)
    assert files == [tmp_path / "a" / "plots" / f"learning_curves.{ending}" for ending in ("png", "svg")]
    assert all(file.stat().st_size > 1000 for file in files)


@pytest.mark.parametrize(("log", "reason"), [("", "cannot be read as CSV"), ("loss\n3\n", "no column step")])
def test_a_damaged_log_is_answered(tmp_path, log, reason):
    with pytest.raises(UserError, match=reason):
        draw_training([training(tmp_path / "a", log)])


def test_nothing_logged_yet(tmp_path):
    folder = training(tmp_path / "a")
    (folder / "log.csv").unlink()
    with pytest.raises(UserError, match="nothing was logged yet"):
        draw_training([folder])


def test_a_log_without_quantities_has_no_plot(tmp_path):
    assert plot([training(tmp_path / "a", "step,images\n10,320\n")], None) == []


def test_runs_and_trainings_do_not_mix(tmp_path):
    with pytest.raises(UserError, match="runs and trainings"):
        plot([training(tmp_path / "a"), tmp_path], tmp_path / "out")
