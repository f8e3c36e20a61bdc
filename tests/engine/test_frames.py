"""How many images may fail before a number counts as failed; an image that fails takes no other's score with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import picture_files, run, write_files
from made.units import Alone, Matches
from torch import Tensor

from fsrbench.engine.frames import FrameWriter
from fsrbench.engine.manifest import make_manifest
from fsrbench.engine.prepare import prepare
from fsrbench.engine.results import MethodResults
from fsrbench.engine.run import execute
from fsrbench.machine.console import silent
from fsrbench.metrics.base import ImageMetric, Metric
from fsrbench.metrics.evaluation import Evaluation, Summary
from fsrbench.runs.columns import MAX_FAILED, too_many_failed
from fsrbench.spec import RunSpec


def row(
    failed: int, images: int, metric: Metric, summary: Summary | None = None, unscored: dict[str, str] | None = None
) -> Any:
    """The summary's row of a method that failed on the first of some images and scored 0, 1, 2, ... on the others."""
    ids = [f"{i:05}" for i in range(images)]
    results = MethodResults(ids[failed:], dict.fromkeys(ids[:failed], "out of paper"))
    writer = FrameWriter(dict.fromkeys(ids), seed=0)
    values = None if summary else np.arange(images - failed, dtype=float)
    writer.add("m", metric, Evaluation(values, summary), results, unscored or {})
    return writer.frames().summary.iloc[0]


@pytest.mark.parametrize("metric", [Alone(), Matches()], ids=["of images", "of features"])
@pytest.mark.parametrize(
    ("failed", "images", "status"),
    [(0, 4, "ok"), (1, 99, "failed"), (1, 100, "ok"), (2, 199, "failed"), (2, 200, "ok"), (1, 10_000, "ok")],
)
def test_up_to_one_per_cent_of_failed_images_leave_the_number_of_the_others(
    metric: Metric, failed: int, images: int, status: str
) -> None:
    found = row(failed, images, metric)
    assert (found["status"], found["n"]) == (status, images - failed)
    assert found["value"] == np.arange(images - failed).mean()
    reason = f"failed on {failed} of {images} images: out of paper (00000)"
    assert found["note"] == (reason if failed else "")


@pytest.mark.parametrize(("failed", "status"), [(1, "ok"), (3, "failed")])
def test_numbers_of_whole_sets_follow_the_same_rule(failed: int, status: str) -> None:
    found = row(failed, 200, Matches(), Summary(0.9, 0.8, 1.0, 390))
    assert (found["status"], found["value"], found["n"]) == (status, 0.9, 390)
    assert f"failed on {failed} of 200 images" in found["note"]


def test_images_that_a_metric_raised_on_count_as_failed() -> None:
    found = row(1, 200, Alone(), unscored={"00001": "no face"})
    assert (found["status"], found["n"], found["value"]) == ("ok", 198, np.arange(1, 199).mean())
    assert found["note"] == "failed on 2 of 200 images: out of paper (00000)"


def test_nothing_to_score_is_no_failure() -> None:
    assert not too_many_failed(0, 0)
    assert too_many_failed(1, 1)
    assert 0 < MAX_FAILED < 0.05


class Picky(ImageMetric):
    """The mean grey level; raises on one picture."""

    name, title, protocol, settings = "picky", "Picky", "mean of all values", ""

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        means = sr.mean((1, 2, 3))
        if bool((means == means.new_tensor(0)).any()):
            raise ZeroDivisionError("black")
        return means


class Black(Picky):
    """Raises on all."""

    name = "black"

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        raise ZeroDivisionError("black")


def test_a_metric_that_raises_on_one_image_scores_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png", "c.png"]))
    spec = RunSpec(methods={"nearest": "nearest"}, data=str(data), out=tmp_path / "out", device="cpu")
    made = prepare(spec, silent(), [Picky(), Black()])
    upscale = type(made.context.methods.get("nearest")).upscale
    monkeypatch.setattr(  # the second picture is black
        type(made.context.methods.get("nearest")),
        "upscale",
        lambda self, lr: upscale(self, lr) * torch.tensor([1.0, 0.0, 1.0])[:, None, None, None],
    )
    outcome = execute(made, silent())
    scores = outcome.frames.scores.query("method == 'nearest' and metric == 'picky'").set_index("image")
    assert scores["status"].to_dict() == {"a": "ok", "b": "failed", "c": "ok"}
    found = outcome.frames.summary.query("method == 'nearest'").set_index("metric")
    assert found.loc["picky", "status"] == "failed"  # one of three is more than one per cent
    assert found.loc["picky", "value"] == pytest.approx(scores.loc[["a", "c"], "value"].mean(), abs=1e-9)
    assert found.loc["picky", "note"] == "failed on 1 of 3 images: ZeroDivisionError: black (b)"
    assert (found.loc["black", "status"], found.loc["black", "note"]) == ("failed", "ZeroDivisionError: black")
    assert make_manifest(made, outcome)["methods"]["nearest"]["status"] == "ok"
    made.close()


@pytest.mark.heavy
def test_one_missing_picture_of_many_fails_neither_the_row_nor_the_run(tmp_path: Path) -> None:
    names = [f"{i:03}.png" for i in range(101)]
    data = write_files(tmp_path / "data", picture_files(names))
    sr = write_files(tmp_path / "sr", picture_files(names[1:]))
    done = run(data, tmp_path / "out", "--metrics", "psnr_y", methods=f"nearest,images:{sr}")
    assert done.code == 0
    assert done.status(f"images:{sr}", "psnr_y") == done.manifest["methods"][f"images:{sr}"]["status"] == "ok"
    assert "failed on 1 of 101 images: no picture of it" in done.note(f"images:{sr}", "psnr_y")
    assert list(done.manifest["methods"][f"images:{sr}"]["failed_images"]) == ["000"]
    (sr / "001.png").unlink()
    again = run(data, tmp_path / "out", "--metrics", "psnr_y", methods=f"nearest,images:{sr}")
    assert again.code == 1
    assert again.status(f"images:{sr}", "psnr_y") == "failed"
