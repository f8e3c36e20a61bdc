"""Pictures that somebody else made: scored as if the method ran here, and nothing claimed that was not seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from made import Finished, draw_picture, encode_picture, picture_files, run, write_files, write_zip

from fsrbench.given_images import GivenImages

NAMES = ["anna/1.png", "anna/2.png", "ben/1.png"]
METRICS = ("--metrics", "psnr,ssim,landmark_nme,latency_ms,params")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files(NAMES))


@pytest.fixture(scope="module")
def original(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("original") / "out"
    return run(data, out, *METRICS, "--save-images", methods="ours")


@pytest.fixture
def theirs(original: Finished, tmp_path: Path) -> Path:
    """A folder of the method's own outputs."""
    return Path(shutil.copytree(original.path / "images" / "ours", tmp_path / "theirs"))


def test_a_methods_own_outputs_score_exactly_as_the_method(data, original, theirs, tmp_path):
    again = run(data, tmp_path / "out", *METRICS, methods=f"images:{theirs}")
    assert again.code == 0
    mine, its = (f.scores.query("method != 'hr'") for f in (original, again))
    assert len(mine) == 3 * len(NAMES)
    assert mine["metric"].tolist() == its["metric"].tolist()
    assert mine["value"].tolist() == its["value"].tolist()


def test_a_zip_of_them_too(data, original, theirs, tmp_path):
    files = {p.relative_to(theirs).as_posix(): p.read_bytes() for p in theirs.rglob("*.png")}
    packed = write_zip(tmp_path / "theirs.zip", files)
    again = run(data, tmp_path / "out", "--metrics", "psnr", methods=f"images:{packed}")
    assert again.scores["value"].tolist() == original.scores.query("metric == 'psnr'")["value"].tolist()


def test_no_timing_is_claimed(data, theirs, tmp_path):
    again = run(data, tmp_path / "out", *METRICS, methods=f"images:{theirs}")
    rows = again.summary[again.summary["metric"].isin(["latency_ms", "params"])]
    assert set(rows["status"]) == {"invalid"}
    assert rows["note"].str.contains("pictures made elsewhere").all()


def test_missing_and_misfitting_pictures_are_reported_and_not_averaged_away(data, original, theirs, tmp_path):
    (theirs / "anna" / "2.png").unlink()
    (theirs / "ben" / "1.png").write_bytes(encode_picture(draw_picture(0, 32)))
    name = f"images:{theirs}"
    again = run(data, tmp_path / "out", "--metrics", "psnr", methods=f"{name},bicubic")
    assert again.code == 1
    scores = again.scores.query("method == @name").set_index("image")
    assert scores["status"].to_dict() == {"anna/1": "ok", "anna/2": "failed", "ben/1": "failed"}
    row = again.summary.query("method == @name").iloc[0]
    assert row["status"] == "failed"
    assert "failed on 2 of 3 images: no picture of it in theirs; there is 'anna/1' (anna/2)" in row["note"]
    failed = again.manifest["methods"][name]["failed_images"]
    assert failed["ben/1"] == "is 32 x 32 px, not 64 x 64"


@pytest.mark.parametrize("named", ["{}_SR", "SR-{}"])
def test_names_that_differ_are_shown(tmp_path, named):
    data = write_files(tmp_path / "data", picture_files(["anna.png", "ben.png"]))
    given = write_files(tmp_path / "theirs", picture_files([f"{named.format(name)}.png" for name in ("anna", "ben")]))
    name = f"images:{given}"
    failed = run(data, tmp_path / "out", "--metrics", "psnr", methods=name).manifest["methods"][name]["failed_images"]
    assert failed == {who: f"no picture of it in theirs; there is '{named.format(who)}'" for who in ("anna", "ben")}


def test_nearest_name_is_found_quickly_among_many(tmp_path):
    method = GivenImages(tmp_path)
    method._names = [f"p{k:06d}_SR" for k in range(100_000)]
    assert [method._nearest(name) for name in ("p051234", "p051234_sr")] == ["p051234_SR"] * 2


def test_changed_pictures_are_scored_anew(data, theirs, tmp_path):
    first = run(data, tmp_path / "out", "--metrics", "psnr", methods=f"images:{theirs}").scores["value"]
    (theirs / "anna" / "1.png").write_bytes(encode_picture(draw_picture(5)))
    second = run(data, tmp_path / "out", "--metrics", "psnr", methods=f"images:{theirs}").scores["value"]
    assert (first != second).tolist() == [True, False, False]


def test_a_folder_without_pictures_is_unavailable(data, tmp_path):
    (tmp_path / "empty").mkdir()
    found = run(data, tmp_path / "out", "--metrics", "psnr", methods=f"bicubic,images:{tmp_path / 'empty'}")
    assert found.summary["status"].tolist() == ["ok", "unavailable"]
