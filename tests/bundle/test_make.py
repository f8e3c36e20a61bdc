"""A bundle holds what its run says, the same bytes each time, and no picture of the data."""

from __future__ import annotations

import dataclasses
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fsrbench.bundle.cards import card_of, licence_of
from fsrbench.bundle.make import About, write_bundle
from fsrbench.bundle.pixels import pixels_sha256
from fsrbench.bundle.read import read_bundle
from fsrbench.errors import UserError
from fsrbench.runs.data import RunData


def test_it_says_what_the_run_says(bundle: Path, finished: RunData) -> None:
    read = read_bundle(bundle)
    (result,) = read.results
    assert read.document.created == finished.manifest["finished"]
    assert result.track.dataset.sha256 == finished.manifest["dataset"]["sha256"]
    assert (result.track.title, result.seed, result.track.degradation.seed) == ("faces, x4, realworld", 3, 3)
    assert result.weights.parameters is None  # nobody knows those of a function
    for row in result.summaries:
        expected = finished.result("mine", row.metric)
        assert expected is not None
        value = None if np.isnan(expected.value) else expected.value
        assert (row.value, row.n, row.status) == (value, expected.n, expected.status)
        assert row.info == finished.metric(row.metric)
        if row.ci_low is not None:
            assert (row.ci_low, row.ci_high) == (expected.ci_low, expected.ci_high)
    scores = finished.scores[finished.scores["method"] == "mine"].drop(columns="method").reset_index(drop=True)
    pd.testing.assert_frame_equal(read.scores(0), scores, check_dtype=False, check_exact=True)
    assert read.manifest(0) == finished.manifest
    assert read.read("manifests/0.json") == (finished.path / "manifest.json").read_bytes()


def test_its_hashes_are_those_of_the_pictures(bundle: Path, finished: RunData) -> None:
    read = read_bundle(bundle)
    by_id = {image.id: image for image in read.results[0].images}
    assert set(read.pictures(0)) == set(by_id)
    for row, held in (("lr", "lr"), ("hr", "hr"), ("mine", "sr")):
        pixels = np.asarray(Image.open(finished.path / "images" / row / "id04" / "1.png"))
        assert getattr(by_id["id04/1"], held) == pixels_sha256(pixels)
    assert read.picture(0, "id04/1") == (finished.path / "images" / "mine" / "id04" / "1.png").read_bytes()
    assert by_id["id04/1"].identity == "id04"


def test_the_same_run_gives_the_same_bytes(bundle: Path, finished: RunData, tmp_path: Path) -> None:
    write_bundle(tmp_path / "again.zip", [finished], "mine", About(author="A. Nobody"), with_images=True)
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_without_pictures_it_holds_none(finished: RunData, tmp_path: Path) -> None:
    write_bundle(tmp_path / "plain.zip", [finished], "bicubic", About())
    with zipfile.ZipFile(tmp_path / "plain.zip") as archive:
        assert archive.namelist() == ["bundle.json", "scores/0.csv", "manifests/0.json"]


def test_a_method_that_the_run_lacks_is_refused(finished: RunData, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown method 'mime'; did you mean mine\?"):
        write_bundle(tmp_path / "no.zip", [finished], "mime", About())
    assert not (tmp_path / "no.zip").exists()


def test_two_runs_of_one_track_are_refused(finished: RunData, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="both belong to the track faces, x4, realworld; give one of them"):
        write_bundle(tmp_path / "no.zip", [finished, finished], "mine", About())


def test_pictures_that_were_not_kept_are_missed(finished: RunData, tmp_path: Path) -> None:
    path = Path(shutil.copytree(finished.path, tmp_path / "run", ignore=shutil.ignore_patterns("cache")))
    (path / "images" / "mine" / "id04" / "1.png").unlink()
    run = RunData.load(path)
    with pytest.raises(UserError, match=r"no picture of 1 image of 24, e.g. id04/1; .* --save-images"):
        write_bundle(tmp_path / "no.zip", [run], "mine", About(), with_images=True)
    write_bundle(tmp_path / "plain.zip", [run], "mine", About())
    unknown = [image.id for image in read_bundle(tmp_path / "plain.zip").results[0].images if image.sr is None]
    assert unknown == ["id04/1"]


def test_a_method_without_a_number_is_refused(finished: RunData, tmp_path: Path) -> None:
    summary = finished.summary.assign(value=np.nan, status="unavailable")
    run = dataclasses.replace(finished, summary=summary)
    with pytest.raises(UserError, match="mine has no number: no metric has one"):
        write_bundle(tmp_path / "no.zip", [run], "mine", About())


def test_what_a_package_says_of_a_method_is_found() -> None:
    assert card_of("scgan").startswith("# ")
    assert card_of("bicubic") == card_of("images:x") == ""
    sha256 = "ffc36a5c61f2e0677e07cb985331448a8e7ecb966cf4c7da42cec4fe2a45a97a"
    assert licence_of("ours_paper_x4.safetensors", sha256) == "Apache-2.0, for research"
    assert licence_of("ours_x4.safetensors", "0" * 64) == licence_of("theirs.pth", sha256) == ""
