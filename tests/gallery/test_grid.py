"""The grid of a finished run: which faces, which methods, what stands below them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import Finished, call, picture_files, run, write_files
from made.detectors import Detector
from PIL import Image

from fsrbench.engine import plan
from fsrbench.errors import UserError
from fsrbench.gallery import face_parts as face_parts_module
from fsrbench.gallery import grid
from fsrbench.gallery import keep as gallery
from fsrbench.gallery.grid import Choice, draw_again
from fsrbench.pictures.grid import GridColumn
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import PictureFolder

NAMES = [f"{letter}.png" for letter in "abcdef"]


METHODS = ("bicubic", "nearest")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = write_files(tmp_path_factory.mktemp("data"), picture_files(NAMES))
    out = tmp_path_factory.mktemp("finished") / "out"
    assert run(data, out, "--metrics", "psnr,ssim,params", methods=",".join(METHODS), grid=True).code == 0
    return out


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the grid would have drawn."""
    seen: dict[str, Any] = {}

    def draw(columns: list[GridColumn], rows: list[str], out: Path, **more: Any) -> None:
        seen.update(columns=columns, rows=list(rows), **more)

    monkeypatch.setattr(grid, "draw_grid", draw)
    return seen


def ranked(finished: Path, metric: str, method: str) -> list[str]:
    """Images from the highest score down."""
    return list(RunData.load(finished).per_image(metric)[method].sort_values(ascending=False).index)


@pytest.mark.parametrize(("metric", "method"), [("psnr", "bicubic"), ("ssim", "nearest")])
def test_best_and_worst_by_any_metric_of_any_method(finished, drawn, metric, method):
    order = ranked(finished, metric, method)
    draw_again(finished, Choice(how="best", count=2, by=metric, of=method), finished / "x.png")
    assert drawn["rows"] == order[:2]
    draw_again(finished, Choice(how="worst", count=3, by=metric, of=method), finished / "x.png")
    assert drawn["rows"] == order[::-1][:3]


def test_by_default_from_the_first_methods_best_to_its_worst(finished, drawn):
    draw_again(finished, Choice(count=3), finished / "x.png")
    order = ranked(finished, "psnr", "bicubic")
    assert (drawn["rows"][0], drawn["rows"][-1]) == (order[0], order[-1])


def test_a_random_choice_is_seeded(finished, drawn):
    chosen = []
    for seed in (0, 0, 1, 2, 3):
        draw_again(finished, Choice(how="random", count=2, seed=seed), finished / "x.png")
        chosen.append(tuple(drawn["rows"]))
    assert chosen[0] == chosen[1]
    assert len(set(chosen)) > 1
    assert all(rows == tuple(sorted(rows)) for rows in chosen)


def test_columns_hold_the_pictures_of_the_run(finished, drawn):
    draw_again(finished, Choice(images=("d", "a"), methods=("nearest",)), finished / "x.png")
    assert [column.title for column in drawn["columns"]] == ["LR", "nearest", "HR"]
    lr, nearest, _ = drawn["columns"]
    assert drawn["rows"] == ["d", "a"]
    assert (nearest.images[0] == np.asarray(lr.images[0]).repeat(4, axis=0).repeat(4, axis=1)).all()


@pytest.mark.parametrize(("by", "pattern"), [("psnr", "{:.2f} dB"), ("ssim", "SSIM {:.4f}")])
def test_the_metric_stands_below_each_picture(finished, drawn, by, pattern):
    draw_again(finished, Choice(images=("b", "c"), by=by), finished / "x.png")
    scores = RunData.load(finished).per_image(by)
    lr, bicubic, nearest, hr = drawn["columns"]
    assert list(nearest.captions) == [pattern.format(scores["nearest"][image]) for image in "bc"]
    assert list(bicubic.captions) == [pattern.format(scores["bicubic"][image]) for image in "bc"]
    assert not any([*lr.captions, *hr.captions])


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Choice(images=("a", "z")), "no image z to show"),
        (Choice(by="psnrr"), "no metric psnrr to show; there are psnr, ssim, params"),
        (Choice(of="ours"), "no method ours to show; there are bicubic, nearest"),
        (Choice(methods=("ours",)), "no method ours to show"),
    ],
)
def test_what_does_not_exist_gets_one_line(finished, choice, reason):
    with pytest.raises(UserError, match=reason):
        draw_again(finished, choice, finished / "x.png")


def test_a_run_without_pictures_gets_one_line(finished, tmp_path):
    for name in ("scores.parquet", "summary.csv", "manifest.json"):
        (tmp_path / name).write_bytes((finished / name).read_bytes())
    with pytest.raises(UserError, match="no pictures were kept"):
        draw_again(tmp_path, Choice(), tmp_path / "x.png")


def test_the_command_writes_the_file_and_answers_in_one_line(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(
        face_parts_module, "mtcnn", lambda: Detector([(20, 25), (40, 25), (30, 35), (22, 48), (38, 48)])
    )
    out = tmp_path / "new" / "grid.png"
    assert call("grid", finished, "--choose", "best", "--count", "1", "--out", out).exit_code == 0
    with_parts = Image.open(out).height
    call("grid", finished, "--choose", "best", "--count", "1", "--no-parts", "--out", out)
    assert Image.open(out).height < with_parts
    refused = call("grid", finished, "--choose", "nicest")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "unknown choice 'nicest'; known: spread, best, worst, random" in refused.stderr


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of more images than it keeps: two of twelve, and those of its grid; one method fails on every image."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "MOST_KEPT", 2)
        patch.setattr(plan, "SHARD", 3)
        data = write_files(tmp_path_factory.mktemp("data"), picture_files(f"{place:02d}.png" for place in range(12)))
        out = tmp_path_factory.mktemp("large") / "out"
        empty = write_files(tmp_path_factory.mktemp("empty"), picture_files(["other.png"]))
        assert run(data, out, methods=f"images:{empty},bicubic,nearest", grid=True).code == 1
    return out


def test_the_runs_own_grid_spans_all_images_and_is_drawn_again_as_it_was(large, drawn):
    own = (large / "grid.png").read_bytes()
    assert call("grid", large).stderr == ""
    order = ranked(large, "psnr", "bicubic")
    assert (drawn["rows"][0], drawn["rows"][-1], len(drawn["rows"])) == (order[0], order[-1], 5)
    assert [column.title for column in drawn["columns"]] == ["LR", "bicubic", "nearest", "HR"]
    assert (large / "grid.png").read_bytes() == own


def test_the_command_draws_the_runs_own_grid_byte_for_byte(large):
    own = (large / "grid.png").read_bytes()
    done = call("grid", large)
    assert Path(done.stdout.strip()) == large / "grid.png"
    assert (large / "grid.png").read_bytes() == own


@pytest.mark.parametrize(
    "options",
    [
        ("--choose", "worst"),
        ("--choose", "random"),
        ("--count", 2),
        ("--by", "ssim"),
        ("--of", "nearest"),
        ("--methods", "nearest"),
        ("--images", "00"),
    ],
)
def test_another_grid_does_not_overwrite_the_runs_own(large, options):
    own = (large / "grid.png").read_bytes()
    done = call("grid", large, *options)
    assert Path(done.stdout.strip()) == large / "grid_chosen.png"
    assert (large / "grid.png").read_bytes() == own
    assert (large / "grid_chosen.png").read_bytes() != own


def test_the_runs_own_grid_is_overwritten_if_asked(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "copy")
    own = (copy / "grid.png").read_bytes()
    call("grid", copy, "--count", 1, "--out", copy / "grid.png")
    assert (copy / "grid.png").read_bytes() != own


def test_a_choice_from_what_was_kept_says_so(large):
    kept = PictureFolder(large / "images").read_index().images
    assert 5 <= len(kept) <= 7
    line = f"chosen from the {len(kept)} of 12 images whose pictures were kept"
    assert call("grid", large, "--choose", "worst").stderr.startswith(line)
    gone = next(f"{place:02d}" for place in range(12) if f"{place:02d}" not in kept)
    refused = call("grid", large, "--images", gone)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert f"no picture of image {gone} was kept" in refused.stderr


def test_a_run_without_scores_of_images_shows_its_first(tmp_path):
    data = write_files(tmp_path / "data", picture_files(NAMES))
    assert run(data, tmp_path / "out", "--metrics", "params", grid=True).code == 0
    own = (tmp_path / "out" / "grid.png").read_bytes()
    call("grid", tmp_path / "out")
    assert (tmp_path / "out" / "grid.png").read_bytes() == own
    assert call("grid", tmp_path / "out", "--images", "b").exit_code == 0


def test_an_earlier_versions_run_keeps_its_grid(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "copy")
    index = json.loads((copy / "images" / "index.json").read_text())
    del index["grid"]
    (copy / "images" / "index.json").write_text(json.dumps(index))
    (copy / "grid.png").write_bytes(b"own")
    assert call("grid", copy).exit_code == 0
    assert (copy / "grid.png").read_bytes() == b"own"


THERE = {"one": "abc", "two": "cd", "three": "ef"}
"""Of which images each method has pictures, made elsewhere."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("shared")
    data = write_files(folder / "data", picture_files(NAMES))
    for name, images in THERE.items():
        made = picture_files(NAMES[::-1])
        write_files(folder / name, {f"{image}.png": made[f"{image}.png"] for image in images})
    methods = ",".join(f"{name}=images:{folder / name}" for name in THERE)
    return run(data, folder / "out", "--metrics", "psnr", methods=methods, grid=True)


def test_a_grid_is_drawn_of_the_images_that_most_have(shared: Finished, drawn: dict[str, Any]) -> None:
    assert (shared.path / "grid.png").is_file()
    draw_again(shared.path, Choice())
    assert drawn["rows"][0] == "c"  # the one that two of them have
    assert {"e", "f"} & set(drawn["rows"][:2])  # and the third is seen next
    for column in drawn["columns"][1:4]:
        there = [image is not None for image in column.images]
        assert there == [image in THERE[column.title] for image in drawn["rows"]]
    assert not any(image is None for column in (drawn["columns"][0], drawn["columns"][-1]) for image in column.images)


def test_images_that_only_some_methods_have_are_noted(shared: Finished) -> None:
    line = "no image has a picture of every method; shown are some that most have"
    assert f"grid: {line}" in shared.stderr
    again = call("grid", shared.path)
    assert (again.exit_code, again.stderr) == (0, f"{line}\n")


def test_methods_that_share_enough_show_nothing_empty(shared: Finished, drawn: dict[str, Any]) -> None:
    assert draw_again(shared.path, Choice(methods=("one",), count=3)).remark == ""
    assert sorted(drawn["rows"]) == ["a", "b", "c"]
    assert draw_again(shared.path, Choice(of="two", how="best", count=2)).remark.startswith("no image has")
    assert sorted(drawn["rows"]) == ["c", "d"]


def test_an_image_is_shown_if_any_method_has_it(shared: Finished, drawn: dict[str, Any]) -> None:
    draw_again(shared.path, Choice(images=("e",)))
    assert [image is None for column in drawn["columns"] for image in column.images] == [
        False,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(UserError, match="no picture of image a was kept"):
        draw_again(shared.path, Choice(images=("a",), methods=("three",)))


def test_a_method_may_be_named_as_the_grid_shows_it(finished, drawn, tmp_path):
    named = tmp_path / "named"
    folder = write_files(tmp_path / "made" / "theirs", picture_files(NAMES[::-1]))
    data = write_files(tmp_path / "data", picture_files(NAMES))
    assert run(data, named, methods=f"nearest,images:{folder}").code == 0
    draw_again(named, Choice(methods=("theirs",)))
    assert [column.title for column in drawn["columns"]] == ["LR", "theirs", "HR"]
    draw_again(named, Choice(methods=(f"images:{folder}",), of="theirs"))
    assert [column.title for column in drawn["columns"]] == ["LR", "theirs", "HR"]


def test_no_picture_at_all_is_reported(tmp_path):
    folder = write_files(tmp_path / "elsewhere", picture_files(["z.png"]))
    found = run(
        write_files(tmp_path / "data", picture_files(NAMES)), tmp_path / "out", methods=f"images:{folder}", grid=True
    )
    assert found.code == 1
    assert "grid: no method made a picture" in found.stderr
