"""Bundles of several runs: each result takes its own data, and the level is that of the least checked."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest import mock

import pytest
from made import picture_files, write_files

from fsrbench import evaluate
from fsrbench.bundle.again import Again
from fsrbench.bundle.findings import State
from fsrbench.bundle.make import About, write_bundle
from fsrbench.bundle.read import Bundle, read_bundle
from fsrbench.bundle.schema import Level
from fsrbench.bundle.verify import verify
from fsrbench.runs.data import RunData
from fsrbench.runs.preference import JudgedMetric, Preferred, write_preference


@pytest.fixture(scope="module")
def small_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LR pictures without HR."""
    files = {f"LR/{name}": data for name, data in picture_files([f"{i}.png" for i in range(4)], 16).items()}
    return write_files(tmp_path_factory.mktemp("data") / "small", files)


@pytest.fixture(scope="module")
def both(finished: RunData, small_faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of two runs on different data."""
    folder = tmp_path_factory.mktemp("both")
    with mock.patch("fsrbench.reports.plots.draw.write_plots"), mock.patch("fsrbench.gallery.keep.write_grid"):
        run = evaluate(
            ["bicubic"], small_faces, ["grid_artefacts"], out=folder / "run", progress=False, save_images=True
        )
    write_bundle(folder / "both.zip", [finished, run], "bicubic", About(), with_images=True)
    return read_bundle(folder / "both.zip")


def test_each_result_takes_the_data_that_have_its_hash(both: Bundle, faces: Path, small_faces: Path) -> None:
    outcome = verify(both, Again((str(small_faces), str(faces)), device="cpu"))
    assert not outcome.red
    assert outcome.level is Level.PICTURES
    assert [result.track for result in outcome.results] == ["faces, x4, realworld", "small, x4, none"]
    assert outcome.results[1].recomputed == ["grid_artefacts"]
    assert outcome.results[0].not_recomputed["params"] == "counted only where the method runs"


def test_the_level_is_that_of_the_least_checked_result(both: Bundle, small_faces: Path) -> None:
    outcome = verify(both, Again((str(small_faces),), device="cpu"))
    assert not outcome.red
    assert outcome.level is Level.SELF_REPORTED
    assert [result.level for result in outcome.results] == [Level.SELF_REPORTED, Level.PICTURES]
    (missing,) = [finding for finding in outcome.of(State.OPEN) if finding.check == "data"]
    assert missing.text == f"no --data has the sha256 {both.results[0].track.dataset.sha256[:12]}"


def test_what_people_answered_is_handed_in_and_never_recomputed(finished: RunData, faces: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(finished.path, tmp_path / "run", ignore=shutil.ignore_patterns("cache")))
    rows = [Preferred(method="mine", value=0.7, ci_low=0.6, ci_high=0.8, n=90)]
    asked = JudgedMetric(name="preference", title="Preference", protocol="which is better", note="", rows=rows)
    write_preference(path, "a" * 64, ["mine"], [asked])
    write_bundle(tmp_path / "mine.zip", [RunData.load(path)], "mine", About(), with_images=True)
    outcome = verify(read_bundle(tmp_path / "mine.zip"), Again((str(faces),), device="cpu"))
    assert not outcome.red
    assert outcome.level is Level.PICTURES
    (result,) = outcome.results
    assert result.not_recomputed["preference"] == "what people answered is not in a bundle"
    number = read_bundle(tmp_path / "mine.zip").results[0].summary("preference")
    assert number is not None
    assert (number.value, number.ci_low, number.n, number.protocol) == (0.7, 0.6, 90, "which is better")
