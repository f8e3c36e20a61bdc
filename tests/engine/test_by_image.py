"""A metric or an extractor that fails on some of the images."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import write_files
from made.units import STORED, Made, Matches, unit
from PIL import Image
from torch import Tensor

from fsrbench.engine.by_image import Rows, by_image
from fsrbench.engine.plan import REFERENCE
from fsrbench.engine.prepare import prepare
from fsrbench.engine.run import execute
from fsrbench.machine.console import silent
from fsrbench.metrics.base import FeatureMetric, ImageMetric
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor, Features
from fsrbench.runs.frames import Frames
from fsrbench.runs.names import HR
from fsrbench.spec import RunSpec

pytestmark = pytest.mark.heavy  # whole runs

IDS = [f"{i:03}" for i in range(7)]
VALUES = np.arange(7.0)


def failing_on(*bad: int) -> Callable[[slice], Mapping[str, np.ndarray]]:
    def compute(part: slice) -> Mapping[str, np.ndarray]:
        if hit := set(range(7)[part]) & set(bad):
            raise RuntimeError(f"row {min(hit)}")
        return {"value": VALUES[part], "pair": np.stack([VALUES, -VALUES], 1)[part]}

    return compute


@pytest.mark.parametrize("bad", [(), (0,), (6,), (2, 3), (0, 2, 4, 6)])
def test_only_the_images_that_fail_alone_are_lost(bad: tuple[int, ...]) -> None:
    found = by_image(failing_on(*bad), IDS)
    good = [row for row in range(7) if row not in bad]
    assert found.problems == {IDS[row]: f"RuntimeError: row {row}" for row in bad}
    assert found.arrays["value"].tolist() == good
    assert found.arrays["pair"].tolist() == [[row, -row] for row in good]
    again = Rows.unpack(found.pack())
    assert again.problems == found.problems
    assert again.of([IDS[good[-1]], IDS[good[0]]], IDS)["value"].tolist() == [good[-1], good[0]]


def test_where_all_fail_there_is_nothing() -> None:
    found = by_image(failing_on(*range(7)), IDS)
    assert (found.arrays, list(found.problems)) == ({}, IDS)
    assert by_image(failing_on(), []).arrays == {}


def test_code_that_ends_the_program_fails_on_its_image_alone() -> None:
    def compute(part: slice) -> Mapping[str, np.ndarray]:
        if 3 in range(7)[part]:
            sys.exit(0)
        return {"value": VALUES[part]}

    found = by_image(compute, IDS)
    assert list(found.problems) == ["003"]
    assert "end the program" in found.problems["003"]


@pytest.mark.parametrize("array", [np.zeros(6), np.array(1.0)])
def test_another_number_of_rows_is_a_fault_of_the_code(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"gave [61] values for 7 images"):
        by_image(lambda part: {"value": array}, IDS)


def test_images_with_numbers_that_are_none_fail() -> None:
    box, confidence = np.zeros((7, 4)), np.ones(7)
    box[1], box[2, 0], confidence[4] = np.nan, np.inf, np.nan
    found = by_image(lambda part: {"box": box[part], "confidence": confidence[part]}, IDS, frozenset({"box"}))
    assert found.problems == {"002": "box is not finite", "004": "confidence is not finite"}
    assert np.isnan(found.arrays["box"][1]).all()  # there is no face on it
    assert len(found.arrays["confidence"]) == 5


# --- whole runs: rows of HR and of one method, by what fails on which image


class Grey(Extractor):
    """Mean colour, by red: raises on images of red 1, 2 and 3, and gives NaN for 4 and 5."""

    bad: frozenset[int] = frozenset()

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        means = images.double().mean(dim=(2, 3)).numpy()
        for row, red in enumerate((means[:, 0] * 255).round().astype(int)):
            if red in self.bad and red < 4:
                raise RuntimeError("too dark")
            if red in self.bad:
                means[row, 1] = np.nan
        return {"colour": means}


class Guided(Grey):
    """Reads the grey of HR."""

    requires = ("grey",)

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        assert np.isfinite(guide["colour"]).all()
        return {"colour": images.double().mean(dim=(2, 3)).numpy()}


class GreyError(FeatureMetric):
    name, title, protocol, extractor, direction = "grey_error", "Grey", "distance of mean colours", "grey", "lower"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        assert faces.hr is not None
        assert len(faces.ids) == len(faces.features["colour"]) == len(faces.hr["colour"])
        return Evaluation(np.abs(faces.features["colour"] - faces.hr["colour"]).mean(axis=1))


class GuidedError(GreyError):
    name, extractor = "guided_error", "guided"


class Red(ImageMetric):
    name, title, protocol, settings = "red", "Red", "mean red", ""
    bad: frozenset[int] = frozenset()

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        red = sr[:, 0].mean(dim=(1, 2))
        if {round(value * 255) for value in red.tolist()} & self.bad:
            raise RuntimeError("too dark")
        return red


def make_data(folder: Path, reds: list[int]) -> Path:
    """Pictures of one red each, and of a blue that no method gets right."""
    rng, files = np.random.RandomState(0), {}
    for i, red in enumerate(reds):
        pixels = rng.randint(0, 256, (64, 64, 3)).astype(np.uint8)
        pixels[..., 0] = red
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        files[f"{i:03}.png"] = buffer.getvalue()
    return write_files(folder, files)


@pytest.fixture
def frames_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Frames]:
    def measure(reds: list[int], bad: set[int], **options: Any) -> Frames:
        monkeypatch.setattr(Grey, "bad", frozenset(bad))
        monkeypatch.setattr(Red, "bad", frozenset(bad & {1, 2, 3}))
        data = tmp_path / "data"
        if not data.exists():
            make_data(data, reds)
        spec = RunSpec(methods={"nearest": "nearest"}, data=str(data), out=tmp_path / "out", device="cpu", **options)
        known = EXTRACTORS.temporarily({"grey": Grey, "guided": Guided})
        with known, closing(prepare(spec, silent(), [GreyError(), GuidedError(), Red()])) as run:
            return execute(run, silent()).frames

    return measure


def rows(frames: Frames, method: str = "nearest") -> dict[str, tuple[str, int, str]]:
    found = frames.summary.query("method == @method").set_index("metric")
    return {m: (found.loc[m, "status"], int(found.loc[m, "n"]), found.loc[m, "note"]) for m in found.index}


@pytest.mark.parametrize("place", [0, 60, 100], ids=["first", "inside", "alone in its shard"])
def test_one_image_of_101_is_left_out_with_a_note(
    place: int, frames_of: Callable[..., Frames], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 50)
    found = frames_of([1 if i == place else 10 for i in range(101)], {1})
    note = f"failed on 1 of 101 images: RuntimeError: too dark ({place:03})"
    assert rows(found) == dict.fromkeys(["grey_error", "guided_error", "red"], ("ok", 100, note))
    assert rows(found, "hr")["red"] == ("ok", 100, note)
    scores = found.scores.query("method == 'nearest'").set_index(["metric", "image"])["status"]
    assert scores[scores != "ok"].to_dict() == {
        (metric, f"{place:03}"): "failed" for metric in ("grey_error", "guided_error", "red")
    }


def test_five_images_of_ten_fail_the_row_and_leave_the_number_of_the_others(frames_of: Callable[..., Frames]) -> None:
    found = frames_of([1, 2, 10, 3, 1, 10, 2, 10, 10, 10], {1, 2, 3})
    note = "failed on 5 of 10 images: RuntimeError: too dark (000)"
    assert rows(found) == dict.fromkeys(["grey_error", "guided_error", "red"], ("failed", 5, note))
    assert found.summary.query("metric == 'red'")["value"].tolist() == pytest.approx([10 / 255] * 2)


def test_features_that_are_no_numbers_are_left_out_alike(frames_of: Callable[..., Frames]) -> None:
    found = rows(frames_of([4, *[10] * 100], {4}))
    assert found["grey_error"] == ("ok", 100, "failed on 1 of 101 images: colour is not finite (000)")
    assert found["guided_error"] == found["grey_error"]
    assert found["red"] == ("ok", 101, "")


def test_where_all_fail_the_note_is_the_first_reason(frames_of: Callable[..., Frames]) -> None:
    found = rows(frames_of([1, 2, 3], {1, 2, 3}))
    assert found == dict.fromkeys(["grey_error", "guided_error", "red"], ("failed", 0, "RuntimeError: too dark"))


def test_what_failed_is_tried_again_by_the_next_run_alone(frames_of: Callable[..., Frames]) -> None:
    reds = [1, 10, 10]
    assert rows(frames_of(reds, {1}))["guided_error"][:2] == ("failed", 2)
    assert rows(frames_of(reds, set()))["guided_error"] == ("ok", 3, "")
    assert rows(frames_of(reds, set()))["red"] == ("ok", 3, "")


class Apart(Matches):
    """Distance of the sets' means."""

    name, uses_reference = "apart", True

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        assert faces.reference is not None
        value = float(faces.features["red"].mean() - faces.reference["red"].mean())
        return Evaluation(None, Summary(value, n=len(faces.ids)), "by colour")


@pytest.mark.parametrize(
    ("images", "status", "note"),
    [
        (200, "ok", "by colour; reference set: failed on 1 of 200 images: no face (x/0)"),
        (4, "failed", "reference set: failed on 1 of 4 images: no face (x/0)"),
    ],
)
def test_a_reference_set_may_lack_as_few(images: int, status: str, note: str) -> None:
    reference = unit(REFERENCE, [f"x/{i}" for i in range(images)], unscored={"colour": {"x/0": "no face"}})
    for key in reference.features.values():
        STORED[key] = {"red": STORED[key]["red"][1:]}
    found = Made(unit(HR), reference, unit("m"), metrics=[Apart()], methods=["m"]).row("m", "apart")
    assert (found["status"], found["note"]) == (status, note)


def test_an_image_whose_hr_failed_has_no_value_of_any_method() -> None:
    hr = unit(HR, unscored={"colour": {"a/2": "no face"}})
    for key in hr.features.values():
        STORED[key] = {"red": STORED[key]["red"][[0, 2, 3]]}
    metric = Matches()
    made = Made(hr, unit("m"), metrics=[metric])
    assert metric.seen[0].ids == ["a/1", "b/1", "b/2"]
    assert made.values("m", "matches")["status"].to_dict() == {"a/1": "ok", "a/2": "failed", "b/1": "ok", "b/2": "ok"}
    assert made.row("m", "matches")["note"] == "by colour; failed on 1 of 4 images: no face (a/2)"
