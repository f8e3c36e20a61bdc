"""The pictures in the page: exact, as many as there is room for, and with their own scores."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pandas as pd
import pytest
from made.pages import VALUES, add_pictures, blocks, picture, words
from PIL import Image

from fsrbench.reports.page import pictures
from fsrbench.reports.page.pictures import LOSSLESS_SIDE, _encode, _on_paper, read_pictures, specimens
from fsrbench.reports.page.render import render, write_report
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder

pytestmark = pytest.mark.heavy  # many pages, with pictures of 512 px

ROWS = ("lr", "bicubic", "ours", "scgan", "hr")


@pytest.fixture
def run(make_run):
    return add_pictures(make_run(VALUES, n=5))


def decoded(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))


def test_pictures_are_exact(run):
    found = read_pictures(run)
    assert found.rows == ROWS
    assert found.images == tuple(f"id/{i:02d}" for i in range(5))
    for number, row in enumerate(ROWS):
        for place in range(5):
            expected = picture(1000 * number + place, 16 if row == "lr" else 64)
            assert (decoded(found.encoded[place][number]) == expected).all()


def test_scores_are_those_of_the_picture(run):
    found = read_pictures(run)
    assert [metric.name for metric in found.metrics] == ["psnr", "niqe"]
    by_place = run.scores.set_index(["metric", "method", "image"])["value"]
    for m, metric in enumerate(found.metrics):
        for r, row in enumerate(ROWS):
            for i, image in enumerate(found.images):
                expected = by_place.get((metric.name, row, image))
                got = found.scores[m][r][i]
                assert got is None if expected is None else got == pytest.approx(expected, abs=1e-4)
    assert [metric.name for _, metric in found.scored(ROWS.index("hr"))] == ["niqe"]
    assert not found.scored(ROWS.index("lr"))


@pytest.mark.parametrize(("value", "expected"), [(math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, None)])
def test_score_that_is_no_finite_number(run, value, expected):
    changed = run.scores.copy()
    changed.loc[(changed["method"] == "ours") & (changed["image"] == "id/02"), "value"] = value
    changed.to_parquet(run.path / "scores.parquet")
    found = blocks(render(type(run).load(run.path)))["facts"]
    assert found["scores"][0][ROWS.index("ours")][2] == expected


def test_first_images_up_to_the_number_asked_for(run):
    assert read_pictures(run, most=3).images == ("id/00", "id/01", "id/02")
    assert "3 of the 5 images that the run kept, as many as the page has room for" in words(render(run, images=3))


def test_budget_keeps_whole_images(run):
    every = read_pictures(run)
    sizes = [sum(map(len, image)) for image in every.encoded]
    assert read_pictures(run, budget=sum(sizes[:4])).encoded == every.encoded[:4]
    assert read_pictures(run, budget=sum(sizes[:4]) - 1).encoded == every.encoded[:3]


def test_worst_large_pictures_stay_below_25_mb(make_run):
    """200 images of 128 px that nothing can compress, of three methods."""
    run = make_run(VALUES, n=200)
    images = tuple(f"{i:03d}" for i in range(200))
    folder = PictureFolder(run.path / "images")
    folder.write("hr", [("000", picture(0, 128))])
    data = folder.file("hr", "000").read_bytes()
    for row in ROWS:
        for image in images:
            folder.file(row, image).parent.mkdir(exist_ok=True)
            folder.file(row, image).write_bytes(data)
    folder.finish(Index(images, {row: KeptRow(row) for row in ROWS}))
    size = write_report(run).stat().st_size
    assert 20e6 < size < 25e6


def test_missing_and_damaged_pictures_leave_a_gap(make_run):
    run = add_pictures(make_run(VALUES, n=4), missing=["id/01"])
    PictureFolder(run.path / "images").file("ours", "id/02").write_bytes(b"no picture")
    PictureFolder(run.path / "images").file("hr", "id/03").unlink()
    gaps = {
        (image, row)
        for image, texts in zip(read_pictures(run).images, read_pictures(run).encoded, strict=True)
        for row, text in zip(ROWS, texts, strict=True)
        if text is None
    }
    assert gaps == {("id/01", "bicubic"), ("id/02", "ours"), ("id/03", "hr")}
    render(run)


def test_method_of_another_run_is_not_shown(run):
    """Pictures may lie there of a method that the summary does not have."""
    fewer = pd.read_csv(run.path / "summary.csv", keep_default_na=False).query("method != 'scgan'")
    fewer.to_csv(run.path / "summary.csv", index=False)
    assert read_pictures(type(run).load(run.path)).rows == ("lr", "bicubic", "ours", "hr")


def test_run_without_scores_of_images_shows_pictures(make_run):
    run = make_run({"latency_ms": VALUES["latency_ms"]}, n=0)
    folder = PictureFolder(run.path / "images")
    for row in ("lr", "ours"):
        folder.write(row, [("a", picture(1, 16)), ("b", picture(2, 16))])
    folder.finish(Index(("a", "b"), {"lr": KeptRow("k"), "ours": KeptRow("k")}))
    found = read_pictures(run)
    assert (found.rows, found.images, found.metrics) == (("lr", "ours"), ("a", "b"), ())
    assert [specimen.image for specimen in specimens(run, found)[0]] == ["a", "b"]
    render(run)


def test_specimens_go_from_best_to_worst(make_run):
    run = add_pictures(make_run(VALUES, n=20))
    found, order = specimens(run, read_pictures(run))
    scores = run.per_image("psnr")["bicubic"]
    values = [scores[specimen.image] for specimen in found]
    assert values == sorted(values, reverse=True)
    assert (values[0], values[-1]) == (scores.max(), scores.min())
    assert order == "6 of 20 images, from bicubic's best PSNR to its worst"
    assert found[0].cells[1][1] == f"PSNR {values[0]:.2f}"


def smooth(side, seed=0):
    """A picture that compresses well, as uint8 side,side,3."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC))


@pytest.fixture
def large(make_run):
    """Two images: LR of 128 px, SR and HR of 512 px."""
    run = make_run(VALUES, n=2)
    folder, images = PictureFolder(run.path / "images"), sorted(run.scores["image"].unique())
    for row in ROWS:
        folder.write(row, ((image, smooth(128 if row == "lr" else 512)) for image in images))
    folder.finish(Index(tuple(images), {row: KeptRow(row) for row in ROWS}))
    return type(run).load(run.path)


def test_large_pictures_are_lossless_where_all_of_them_fit(large):
    found = read_pictures(large)
    assert found.lossy == 0
    assert all((decoded(text) == smooth(512)).all() for text in found.encoded[0][1:])
    assert "All pictures are lossless" in words(render(large))


def test_large_pictures_are_jpegs_where_all_of_them_do_not_fit(large):
    size = sum(map(len, read_pictures(large).encoded[0]))
    found = read_pictures(large, budget=2 * size - 1)
    assert found.lossy == 512
    assert len(found.encoded) == 2
    for lr, *others in found.encoded:
        assert (decoded(lr) == smooth(128)).all()
        for text in others:
            with Image.open(io.BytesIO(base64.b64decode(text))) as image:
                assert (image.format, image.size) == ("JPEG", (512, 512))
            error = decoded(text).astype(float) - smooth(512)
            assert 10 * math.log10(255**2 / np.mean(error**2)) > 40


def test_large_pictures_are_reduced_for_paper(large):
    chosen, _ = specimens(large, read_pictures(large))
    sizes = []
    for url, _ in chosen[0].cells:
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
            sizes.append(image.size)
            assert url.startswith(f"data:image/{image.format.lower()};base64,")
    assert sizes == [(128, 128), *[(256, 256)] * 4]


def test_where_not_all_fit_those_of_the_grid_come_first(make_run, monkeypatch):
    run = add_pictures(make_run(VALUES, n=6), side=512)
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    folder.finish(Index(index.images, index.rows, (index.images[5], index.images[3])))
    whole = read_pictures(run)
    assert whole.images == index.images
    one = sum(len(_encode(folder.file(row, index.images[5]), LOSSLESS_SIDE)) for row in whole.rows)
    on_paper = _on_paper([[folder.file(row, image) for row in whole.rows] for image in index.images])
    monkeypatch.setattr(pictures, "BUDGET", round(on_paper + 2.5 * one))
    found = read_pictures(run)
    assert found.images == (index.images[3], index.images[5])
    assert found.encoded[0][1] == _encode(folder.file(whole.rows[1], index.images[3]), LOSSLESS_SIDE)
