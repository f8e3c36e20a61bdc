"""Plots exist, show something, and a method looks the same in all of them."""

from __future__ import annotations

import sys
import warnings

import matplotlib
import numpy as np
import pytest
from made.plotted import BASELINES, NAN, values
from PIL import Image

from fsrbench.reports.plots.draw import write_plots
from fsrbench.reports.plots.looks import looks
from fsrbench.reports.plots.style import labels


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


@pytest.mark.heavy
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


@pytest.mark.parametrize("count", range(2, 21))
def test_every_method_of_a_run_has_a_line_of_its_own(make_run, count):
    names = (BASELINES + [f"plugin{i}" for i in range(20)])[:count]
    look = looks(make_run(values(names)))
    assert len({(look[name].colour, look[name].dash) for name in [*names, "hr"]}) == count + 1


@pytest.mark.heavy
def test_names_in_other_scripts_are_drawn_in_available_letters(make_run, tmp_path):
    names = ["超分辨率模型", "สวัสดี", "नमस्ते", "モデル", "Привет", "μοντέλο"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of every glyph that its fonts have not
        write_plots(make_run(values(names)), tmp_path / "plots")
    assert len(set(labels(names).values())) == len(names) + 2  # HR and LR
    assert labels(names)["Привет"] == "Привет"


def test_names_are_no_formulas(make_run, tmp_path):
    odd, metrics = "$\\frac{$", {"psnr": {"title": "$\\bad{$", "unit": "$_{", "direction": "higher", "digits": 2}}
    run = make_run({"psnr": {odd: (20.0, 19.0, 21.0), "b": (21.0, 20.0, 22.0)}}, metrics=metrics)
    assert write_plots(run, tmp_path / "plots")
