"""The page hides which methods it shows; the key has all; impossible studies are refused in one line."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from made.pages import VALUES, add_pictures, blocks
from made.runs import MakeRun
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder
from fsrbench.study import make
from fsrbench.study.design import BOTTOM, TOP
from fsrbench.study.key import read_key
from fsrbench.study.make import Settings, make_study, read_picture
from fsrbench.study.questions import QUESTIONS

from .conftest import Study


def decoded(text: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(text))) as image:
        return np.asarray(image.convert("RGB"))


def test_page_names_no_method_no_image_and_no_file(study: Study) -> None:
    text = study.page.read_text()
    text = re.sub(r'"pictures":\[.*?\]', "", text)  # letters of base64 may form any word
    for name in (*study.key.methods, *study.key.images, str(study.run.path), "hr", "sr"):
        assert not re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", text, re.IGNORECASE), name
    assert "http" not in text.replace("http-equiv", "")


def test_pictures_are_the_runs_without_loss_and_where_the_key_says(study: Study) -> None:
    page = blocks(study.page.read_text())["study"]
    pictures = [decoded(text) for text in page["pictures"]]
    folder, key = PictureFolder(study.run.path / "images"), study.key
    names = {TOP: "hr", BOTTOM: "bicubic"} | dict(enumerate(key.methods))
    for trial, (question, *shown) in zip(key.trial[:80], page["trials"], strict=False):
        sides = [trial.left, trial.right, *([TOP] if key.asked[question].reference else [])]
        assert len(sides) == len(shown)
        for side, picture in zip(sides, shown, strict=True):
            expected = read_picture(folder.file(names[side], key.images[trial.image]))
            np.testing.assert_array_equal(pictures[picture], expected)


def test_order_of_pictures_gives_no_method_away(study: Study) -> None:
    """One method's pictures have no place of their own in the list."""
    page = blocks(study.page.read_text())["study"]
    places = {
        shown[0] % (len(study.key.methods) + 2)
        for trial, (_, *shown) in zip(study.key.trial, page["trials"], strict=True)
        if trial.left == 0
    }
    assert len(places) > 1


def test_reference_is_shown_with_the_second_question_alone(study: Study) -> None:
    page = blocks(study.page.read_text())["study"]
    assert [question["reference"] for question in page["questions"]] == [False, True]
    assert {(trial[0], len(trial)) for trial in page["trials"]} == {(0, 3), (1, 4)}


def test_hash_names_design_and_pictures(study: Study, tmp_path: Path) -> None:
    page = blocks(study.page.read_text())["study"]
    again = make_study(study.run, tmp_path / "again", Settings(pairs=6))
    other = make_study(study.run, tmp_path / "other", Settings(pairs=6, seed=1))
    assert page["study"] == study.key.study == read_key(again.key).study
    assert read_key(other.key).study != study.key.study


def test_people_are_numbers_in_the_key(study: Study) -> None:
    assert sorted(study.key.people) == list(range(8))  # nobody is known: each counts for one


def test_everybodys_first_picture_comes_before_anybodys_second(make_run: MakeRun, tmp_path: Path) -> None:
    run = add_pictures(make_run(VALUES, n=8))
    named = [
        (image, "ann" if place < 5 else f"person {place}")
        for place, image in enumerate(sorted(run.per_image("psnr").index))
    ]
    (run.path / "images.csv").write_text("image,identity\n" + "".join(f"{i},{who}\n" for i, who in named))
    made = make_study(RunData.load(run.path), tmp_path / "out", Settings(pairs=3, images=4))
    assert len(set(read_key(made.key).people)) == 4


def test_without_bicubic_catch_pairs_show_lr_enlarged(make_run: MakeRun, tmp_path: Path) -> None:
    values = {"psnr": {"ours": 26.0, "scgan": 25.0}}
    run = add_pictures(make_run(values, n=3))
    made = make_study(run, tmp_path / "out", Settings(pairs=2))
    page, key = blocks(made.page.read_text())["study"], read_key(made.key)
    number, trial = next((n, t) for n, t in enumerate(key.trial) if t.left == BOTTOM)
    lr = Image.open(PictureFolder(run.path / "images").file("lr", key.images[trial.image])).convert("RGB")
    expected = np.asarray(lr.resize((64, 64), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(decoded(page["pictures"][page["trials"][number][1]]), expected)


def test_method_without_pictures_is_left_out_unless_it_is_named(make_run: MakeRun, tmp_path: Path) -> None:
    images = [f"id/{place:02d}" for place in range(4)]
    run = add_pictures(make_run(VALUES, n=4), missing={"scgan": images})
    made = make_study(run, tmp_path / "out", Settings(pairs=3))
    assert read_key(made.key).methods == ["bicubic", "ours"]
    with pytest.raises(UserError, match="no pictures of scgan"):
        make_study(run, tmp_path / "out", Settings(methods=("ours", "scgan")))


def test_only_one_question(study: Study, tmp_path: Path) -> None:
    made = make_study(study.run, tmp_path / "out", Settings(pairs=6, questions=QUESTIONS[:1]))
    assert "reference is shown" not in made.page.read_text()
    assert read_key(made.key).questions == ["better"]


def test_key_of_another_study_is_not_overwritten(study: Study, tmp_path: Path) -> None:
    make_study(study.run, tmp_path, Settings(pairs=6))
    make_study(study.run, tmp_path, Settings(pairs=6))
    with pytest.raises(UserError, match="is the key of another study"):
        make_study(study.run, tmp_path, Settings(pairs=6, seed=1))


def test_title_cannot_end_the_script(study: Study, tmp_path: Path) -> None:
    title = "</script><b>Faces</b>"
    made = make_study(study.run, tmp_path, Settings(pairs=6, title=title))
    text = made.page.read_text()
    assert blocks(text)["study"]["title"] == title
    assert "<b>Faces" not in text


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(methods=("ours",)), "a study compares at least two methods"),
        (Settings(methods=("ours", "gfpgan")), "no pictures of gfpgan; it has bicubic, ours, scgan"),
        (Settings(images=9), "only 8 images; ask for fewer"),
    ],
)
def test_impossible_studies_are_refused(study: Study, tmp_path: Path, settings: Settings, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        make_study(study.run, tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_run_without_pictures_or_hr_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run(VALUES, n=3)
    with pytest.raises(UserError, match="no pictures were kept; run it again with --save-images"):
        make_study(run, tmp_path / "out", Settings())
    folder = PictureFolder(run.path / "images")
    folder.finish(Index(("id/00",), {name: KeptRow(name) for name in ("lr", *run.methods)}))
    with pytest.raises(UserError, match="no HR pictures"):
        make_study(run, tmp_path / "out", Settings())


def test_page_takes_as_many_images_as_fit(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(json.dumps(blocks(study.page.read_text())["study"]["pictures"]))
    monkeypatch.setattr(make, "MOST_BYTES", size // 2)
    made = make_study(study.run, tmp_path / "out", Settings(pairs=6))
    assert 2 <= len(read_key(made.key).images) < 8
    assert ", as many as fit into 0 MB; each rater" in made.summary
    make_study(study.run, tmp_path / "asked", Settings(pairs=6, images=8))
    monkeypatch.setattr(make, "MOST_BYTES_ASKED", size // 2)
    with pytest.raises(UserError, match=r". of 8 images fit into a page"):
        make_study(study.run, tmp_path / "more", Settings(pairs=6, images=8))
