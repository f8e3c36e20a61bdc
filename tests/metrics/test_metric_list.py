"""Metrics by name: every one can be made, says what it is, and refuses what its protocol does not cover."""

from __future__ import annotations

import importlib.util

import pytest

from fsrbench.errors import Invalid, Unavailable, UserError
from fsrbench.metrics import BUILTIN, METRICS, PRESETS, resolve
from fsrbench.metrics.base import FeatureMetric, ImageMetric, InputMetric, Metric, SpeedMetric
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pyiqa_metric import PyiqaMetric
from fsrbench.tasks import TASKS

NOTHING = Facts(TASKS["x4"], images=0, has_hr=False, has_pairs=False)


@pytest.mark.parametrize("name", BUILTIN)
def test_every_metric_says_what_it_is(name):
    metric = METRICS.get(name)()
    assert isinstance(metric, Metric)
    assert isinstance(metric, (ImageMetric, InputMetric, FeatureMetric, SpeedMetric))
    assert metric.name == name
    assert metric.title
    assert metric.direction in ("higher", "lower", "none")
    assert len(metric.protocol) > 30
    assert "\n" not in metric.protocol


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_every_extractor_can_be_made(name):
    extractor = EXTRACTORS.get(name)()
    assert isinstance(extractor, Extractor)
    assert set(extractor.requires) < set(EXTRACTORS.names())


@pytest.mark.parametrize("name", [n for n in BUILTIN if "hr" in METRICS.get(n).needs])
def test_what_needs_hr_refuses_without(name):
    with pytest.raises(Invalid, match="needs HR images"):
        METRICS.get(name)().check(NOTHING)


@pytest.mark.parametrize("name", ["inception", "facenet", "retinaface", "arcface", "dlib", "dlib-landmarks", "fan"])
def test_an_extractor_without_its_weights_says_how_to_get_them(name, tmp_path, monkeypatch):
    if name == "retinaface":
        pytest.importorskip("retinaface", reason="retinaface-pytorch is not installed")
    monkeypatch.setenv("FSRBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)  # those that packages bring
    extractor = EXTRACTORS.get(name)()
    with pytest.raises(Unavailable, match=r"not found; .*(fetch|pip install|--weights)"):
        extractor.check()


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["psnr"], ["psnr"]),
        (["ssim", "psnr", "ssim"], ["ssim", "psnr"]),
        (["fast"], list(PRESETS["fast"])),
        (["ssim", "fast"], ["ssim", *(n for n in PRESETS["fast"] if n != "ssim")]),
    ],
)
def test_resolve(asked, names):
    assert [m.name for m in resolve(asked)] == names


def test_an_unknown_name_is_answered_with_all_names_and_presets():
    with pytest.raises(
        UserError, match=r"unknown metric 'xyzzy'; known: .*\(presets: fast, paper, all; and pyiqa's metrics\)"
    ):
        resolve(["xyzzy"])


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_hold_known_names(preset):
    assert [m.name for m in resolve([preset])] == list(PRESETS[preset])


def test_a_typo_is_answered_with_the_nearest_name():
    with pytest.raises(UserError, match="unknown metric 'pnsr'; did you mean psnr"):
        resolve(["pnsr"])


@pytest.mark.parametrize("name", BUILTIN)
def test_docstrings_have_a_direction_and_an_example_that_runs(name):
    """Those of a variant may be its base's, which it names."""
    metric = METRICS.get(name)
    docstrings = [
        base.__doc__ for base in metric.__mro__ if issubclass(base, Metric) and base.__module__ != Metric.__module__
    ]
    assert any("is better" in " ".join(text.split()) for text in docstrings)
    assert any(">>> " in text for text in docstrings)
    assert ">>> " in metric.__doc__ or ":class:`" in metric.__doc__ or isinstance(metric(), PyiqaMetric)
