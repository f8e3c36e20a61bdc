"""Pictures made elsewhere: scored as if the method ran here, and nothing claimed that was not measured."""

from __future__ import annotations

import shutil
from io import BytesIO
from pathlib import Path

import pytest
import torch
from made import Finished, draw_picture, encode_picture, picture_files, run, write_files, write_zip
from PIL import Image

from fsrbench.errors import FsrbenchError
from fsrbench.methods.given_images import GivenImages
from fsrbench.runs.pictures import PictureFolder
from fsrbench.tasks import Task

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


@pytest.fixture(scope="module")
def again(data: Path, original: Finished, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The method's own outputs, scored."""
    theirs = shutil.copytree(original.path / "images" / "ours", tmp_path_factory.mktemp("theirs") / "theirs")
    return run(data, tmp_path_factory.mktemp("again") / "out", *METRICS, methods=f"images:{theirs}")


@pytest.mark.heavy
def test_a_methods_own_outputs_score_exactly_as_the_method(original, again):
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


def test_no_timing_is_claimed(again):
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
    assert "failed on 2 of 3 images: no picture of it; the nearest name is 'anna/1' (anna/2)" in row["note"]
    failed = again.manifest["methods"][name]["failed_images"]
    assert failed["ben/1"] == "is 32 x 32 px, not 64 x 64"


@pytest.mark.parametrize("named", ["{}_SR", "SR-{}"])
def test_names_that_differ_are_shown(tmp_path, named):
    data = write_files(tmp_path / "data", picture_files(["anna.png", "ben.png"]))
    given = write_files(tmp_path / "theirs", picture_files([f"{named.format(name)}.png" for name in ("anna", "ben")]))
    name = f"images:{given}"
    done = run(data, tmp_path / "out", "--metrics", "psnr", methods=f"bicubic,{name}")
    said = f"no file is named after an image; expected e.g. anna.png, not {named.format('anna')}.png"
    assert (done.code, done.status(name, "psnr"), done.note(name, "psnr")) == (1, "failed", said)
    assert f"{name} failed: {said}" in done.stderr.replace("\n", " ")


def test_pictures_of_images_beyond_the_limit_are_distinguished_from_wrong_names(tmp_path):
    data = write_files(tmp_path / "data", picture_files(["anna.png", "ben.png"]))
    given = write_files(tmp_path / "theirs", picture_files(["ben.png"]))
    name = f"images:{given}"
    done = run(data, tmp_path / "out", "--metrics", "psnr,latency_ms", "--limit", "1", methods=name)
    said = "no file is named after an image of the 1 that --limit takes; expected e.g. anna.png, not ben.png"
    assert (done.code, done.note(name, "psnr")) == (1, said)
    whole = run(data, tmp_path / "whole", "--metrics", "psnr,latency_ms", methods=f"{name},nearest")
    assert "timing nearest\n" in whole.stderr  # there is nothing to time in pictures


def test_a_few_names_that_differ_are_shown_with_the_nearest(tmp_path):
    data = write_files(tmp_path / "data", picture_files(["anna.png", "ben.png", "carl.png"]))
    given = write_files(tmp_path / "theirs", picture_files(["anna.png", "ben_SR.png", "carl_SR.png"]))
    name = f"images:{given}"
    failed = run(data, tmp_path / "out", "--metrics", "psnr", methods=name).manifest["methods"][name]["failed_images"]
    assert failed == {who: f"no picture of it; the nearest name is '{who}_SR'" for who in ("ben", "carl")}


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


def copied(source: Path, to: Path, **folders: str) -> Path:
    for name, row in folders.items():
        shutil.copytree(source / row, to / name)
    return to


@pytest.fixture
def images(original: Finished) -> Path:
    return original.path / "images"


@pytest.mark.parametrize("folders", [{"HR": "hr", "LR": "lr", "SR": "ours"}, {"gt": "hr", "mine": "ours"}])
def test_sr_beside_hr_is_scored_and_not_hr(data, original, images, tmp_path, folders):
    name = f"images:{copied(images, tmp_path / 'results', **folders)}"
    again = run(data, tmp_path / "out", methods=name)
    assert again.values(name) == original.values("ours")
    (warning,) = again.manifest["methods"][name]["warnings"]
    assert "left out; the SR pictures are those in " in warning
    assert f"warning: {name}: {warning}" in again.stderr.replace("\n", "")
    assert warning in (again.path / "table.md").read_text()


def test_a_runs_own_pictures(data, original, images, tmp_path):
    name = f"images:{images}"  # hr, lr and one method
    assert run(data, tmp_path / "out", methods=name).values(name) == original.values("ours")


def test_several_methods_pictures_are_refused(data, images, tmp_path):
    name = f"images:{copied(images, tmp_path / 'several', hr='hr', a='ours', b='ours')}"
    refused = run(data, tmp_path / "out", methods=f"bicubic,{name}")
    assert "holds a/, b/, hr/; name the one to use" in refused.note(name)


def test_hr_instead_of_sr_is_warned_of(data, images, tmp_path):
    name = f"images:{images / 'hr'}"
    found = run(data, tmp_path / "out", methods=f"{name},bicubic")
    said = "3 of 3 SR pictures equal HR pixel for pixel"
    assert found.values(name, "ssim") == dict.fromkeys(found.values(name), 1)
    assert said in found.note(name, "ssim")
    assert said in found.stderr.replace("\n", " ")
    assert said in (found.path / "table.md").read_text()
    assert found.manifest["methods"][name]["equal_to_hr"] == 3
    assert found.note("bicubic", "ssim") == ""


def test_hr_among_sr_is_counted(data, images, tmp_path):
    many = write_files(tmp_path / "data", picture_files([f"{i}.png" for i in range(9)]))
    given = shutil.copytree(many, tmp_path / "given")
    for i in range(5):
        (given / f"{i}.png").write_bytes(encode_picture(draw_picture(50 + i)))
    name = f"images:{given}"
    assert "4 of 9 SR pictures equal HR" in run(many, tmp_path / "out", methods=name).note(name, "ssim")
    for i in (5, 6):
        (given / f"{i}.png").write_bytes(encode_picture(draw_picture(50 + i)))
    assert run(many, tmp_path / "out", methods=name).note(name, "ssim") == ""


def test_lossless_pictures_are_scored_beside_previews(data, original, theirs, tmp_path):
    for path in list(theirs.rglob("*.png")):
        path.with_suffix(".jpg").write_bytes(encode_picture(draw_picture(7), "JPEG", quality=10))
    name = f"images:{theirs}"
    again = run(data, tmp_path / "out", methods=name)
    assert again.values(name) == original.values("ours")
    assert "3 pictures left out, a lossless one has the same name" in again.manifest["methods"][name]["warnings"][0]


def test_a_comma_in_the_path(data, original, theirs, tmp_path):
    name = f"images:{shutil.copytree(theirs, tmp_path / 'sr, v2')}"
    again = run(data, tmp_path / "out", methods=f"bicubic,{name}")
    assert again.manifest["spec"]["methods"] == ["bicubic", name]
    assert again.values(name) == original.values("ours")


def test_names_that_differ_by_a_slash_have_pictures_of_their_own(data, images, tmp_path):
    copied(images, tmp_path, **{"sr/a": "ours", "sr_a": "lr"})
    for path in (tmp_path / "sr_a").rglob("*.png"):
        path.write_bytes(encode_picture(draw_picture(9)))
    names = [f"images:{tmp_path / folder}" for folder in ("sr/a", "sr_a")]
    out = run(data, tmp_path / "out", methods=",".join(names)).path / "images"
    kept = [PictureFolder(out).file(name, "anna/1").read_bytes() for name in names]
    assert [Image.open(BytesIO(data)).tobytes() for data in kept] == [
        Image.open(images / "ours" / "anna" / "1.png").tobytes(),
        draw_picture(9).tobytes(),
    ]


@pytest.mark.parametrize("folder", ["LFW-Test", "test"])
def test_a_folder_around_all_pictures_counts_where_the_images_have_it(tmp_path, folder):
    made = write_files(tmp_path / "sr", picture_files([f"{folder}/1.png", f"{folder}/2.png"]))
    method = GivenImages(made)
    method.load(Task(16, 4), torch.device("cpu"))
    lr = torch.zeros(2, 3, 16, 16)
    found = []
    for around in (f"{folder}/", ""):
        ids = [f"{around}1", f"{around}2"]
        method.check_names(ids, limited=False)
        assert method.findings([*ids, f"{around}3"], all_of_them=True) == []
        found.append(method.upscale_named(lr, ids))
    assert torch.equal(*found)
    assert not torch.equal(found[0][0], found[0][1])
    with pytest.raises(FsrbenchError, match="no file is named after an image"):
        method.check_names(["CelebA/1"], limited=False)
