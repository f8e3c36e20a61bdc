from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made.drifting import enlarge, faces
from made.gate import made_run
from made.runs import write_run

from fsrbench.drift.known import SCORE_NAMES
from fsrbench.drift.windows import faces_found, labels, measured, of_run
from fsrbench.errors import UserError
from fsrbench.runs.data import RunData
from fsrbench.runs.descriptors import FILE, Descriptors, write_descriptors
from fsrbench.runs.pictures import Index, KeptRow, PictureFolder

LRS = faces(4, seed=0)
IDS = ("ann/1", "ann/2", "bob/1", "bob/2")


@pytest.fixture
def run(tmp_path: Path) -> RunData:
    """A run of a method that kept the pictures of four of 20 images."""
    made = write_run(tmp_path / "run", {"niqe": {"mine": 5.0, "other": 6.0}})
    scores = pd.DataFrame(
        {"method": "mine", "image": IDS, "metric": "niqe", "value": [4.0, 5.0, 6.0, 7.0], "status": "ok"}
    )
    folder = PictureFolder(made.path / "images", ["lr", "mine"])
    folder.write("lr", zip(IDS, LRS, strict=True))
    folder.write("mine", ((image, enlarge(lr)) for image, lr in zip(IDS, LRS, strict=True)))
    folder.finish(Index(IDS, {"lr": KeptRow("a"), "mine": KeptRow("b")}))
    people = pd.DataFrame({"image": IDS, "identity": ["ann", "ann", "bob", "bob"]})
    return replace(made, scores=scores, images=people)


def test_pictures_and_scores_of_a_run(run: RunData) -> None:
    window = of_run(run, "mine", "auto", SCORE_NAMES)
    expected = pd.DataFrame([measured(enlarge(lr), lr) for lr in LRS], index=list(IDS))
    pd.testing.assert_frame_equal(window.values.drop(columns="niqe"), expected, check_names=False)
    assert window.values["niqe"].tolist() == [4.0, 5.0, 6.0, 7.0]
    assert window.blocks == ("ann", "ann", "bob", "bob")
    assert window.protocols == {"niqe": "how niqe is computed"}
    assert window.has_hr
    assert any("the 4 of 20 images whose pictures it keeps" in note for note in window.notes)


def test_descriptors_of_the_pictures_that_the_run_keeps(run: RunData) -> None:
    assert of_run(run, "mine", "auto", SCORE_NAMES).descriptors == {}
    numbers = np.random.default_rng(0).normal(size=(2, 3, 5))
    third = RunData.load(run.path).per_image("niqe").index[0]  # the other method's pictures are not kept
    write_descriptors(run.path / FILE, Descriptors(("bob/1", "ann/1", third), {"lr": numbers[0], "mine": numbers[1]}))
    found = of_run(RunData.load(run.path), "mine", "auto", SCORE_NAMES).descriptors
    assert set(found) == {"lr", "sr"}
    for array, expected in zip(found.values(), numbers, strict=True):
        np.testing.assert_allclose(array[[0, 2]], expected[[1, 0]], atol=2e-3)
        assert np.isnan(array[[1, 3]]).all()
    assert set(of_run(RunData.load(run.path), "other", "auto", SCORE_NAMES).descriptors) == {"lr"}


def test_a_runs_first_method_is_the_default_and_unknown_ones_are_named(run: RunData) -> None:
    assert of_run(run, None, "auto", SCORE_NAMES).method == "mine"
    with pytest.raises(UserError, match="no method ours in this run; it has mine, other"):
        of_run(run, "ours", "auto", SCORE_NAMES)


def test_sizes_before_resizing_come_from_the_manifest(run: RunData) -> None:
    run.manifest["dataset"]["lr_sizes"] = {"ann/1": 31}
    assert of_run(run, "mine", "auto", SCORE_NAMES).values["lr_size"].tolist() == [31.0, 16.0, 16.0, 16.0]


def test_a_damaged_picture_is_left_out(run: RunData) -> None:
    (run.path / "images" / "mine" / "ann" / "1.png").write_bytes(b"no picture")
    assert list(of_run(run, "mine", "auto", SCORE_NAMES).values.index) == list(IDS[1:])


def test_without_pictures_scores_remain_and_it_is_said() -> None:
    run = made_run({"detection": {"mine": np.ones(60)}})
    window = of_run(run, "mine", "auto", SCORE_NAMES)
    assert list(window.values) == ["detection"]
    assert window.notes == (f"{run.path} keeps no pictures of mine: inputs are not compared",)


def test_nothing_at_all_says_how_to_run_it() -> None:
    with pytest.raises(UserError, match="neither kept pictures nor scores without HR; run it with --metrics niqe,"):
        of_run(made_run({"psnr": {"mine": np.ones(60)}}), "mine", "auto", SCORE_NAMES)


def test_days_are_known_or_in_names() -> None:
    names = ["cam/2026-11-30_10.png", "cam_20261201.png", "c"]
    assert labels(names[:2], {}, {}, "day") == ("2026-11-30", "2026-12-01")
    assert labels(["c"], {}, {"c": "2026-01-01"}, "day") == ("2026-01-01",)
    with pytest.raises(UserError, match="no date in the name of 1 picture: c"):
        labels(names, {}, {}, "day")


def test_people_where_known_else_each_picture() -> None:
    assert labels(["a", "b"], {"a": "ann"}, {}, "auto") == ("ann", "image b")
    assert labels(["a", "b"], {"a": "ann"}, {}, "image") == ("a", "b")
    with pytest.raises(UserError, match="nobody is known"):
        labels(["a"], {}, {}, "person")


def test_share_of_faces(run: RunData) -> None:
    window = of_run(run, "mine", "auto", SCORE_NAMES)
    assert np.isnan(faces_found(window))
    known = replace(window, values=window.values.assign(detection_confidence=[0.95, 0.2, 0.99, np.nan]))
    assert faces_found(known) == pytest.approx(2 / 3)
