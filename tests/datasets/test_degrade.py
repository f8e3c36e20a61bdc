"""``fsrbench data degrade``: what it writes scores as what a run makes itself."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import call, encode_picture, run, write_files
from made.archives import draw_photo
from made.imports import contents, manifest, pictures, table

from fsrbench.datasets import open_dataset

SIZES = [(128, 128), (200, 180), (64, 90), (301, 310), (40, 40)]


def data(folder: Path) -> Path:
    """Pictures of five shapes, one too small and one broken."""
    files = {f"p{k % 2}/{k}.png": encode_picture(draw_photo(k, *size)) for k, size in enumerate(SIZES)}
    return write_files(folder, files | {"p0/broken.jpg": b"no"})


@pytest.mark.parametrize(
    ("degradation", "options"),
    [
        ("realworld", ["--seed", 3]),
        ("bilinear-steps", []),
        ("noise:10", ["--task", "x8"]),
        ("jpeg:30", []),
        ("gfpgan", ["--task", "64x1"]),
        ("difface-test", ["--task", "32x2"]),
    ],
)
def test_scores_are_exactly_those_of_the_run_that_degrades(
    tmp_path: Path, degradation: str, options: list[object]
) -> None:
    source = data(tmp_path / "src")
    assert call("data", "degrade", source, tmp_path / "out", "--degradation", degradation, *options).exit_code == 0
    own = run(source, tmp_path / "own", "--degradation", degradation, *options)
    given = run(tmp_path / "out", tmp_path / "given", *options)
    assert (own.code, given.code) == (0, 0)
    assert set(own.values("bicubic")) == set(given.values("bicubic")) != set()
    pd.testing.assert_frame_equal(own.scores, given.scores, check_exact=True)
    assert manifest(tmp_path / "out")["left_out"] == own.left_out
    assert given.left_out == {}


def test_sample_with_realworld(tmp_path: Path) -> None:
    options = ["--degradation", "realworld", "--limit", 6]
    assert call("data", "degrade", "sample", tmp_path / "out", *options).exit_code == 0
    own, given = run("sample", tmp_path / "own", *options), run(tmp_path / "out", tmp_path / "given")
    pd.testing.assert_frame_equal(own.scores, given.scores, check_exact=True)
    row = table(tmp_path / "out" / "degraded.csv")[0]
    assert row["kernel"] in ("area", "bilinear", "bicubic")
    before, after = open_dataset("sample").samples[0], open_dataset(str(tmp_path / "out")).samples[0]
    assert before.landmarks is not None
    assert after.landmarks is not None
    np.testing.assert_allclose(after.landmarks, (before.landmarks + 0.5) / 2 - 0.5, atol=1e-4)


def test_again_and_fresh_give_the_same_and_leave_nothing_behind(tmp_path: Path) -> None:
    source = data(tmp_path / "src")
    call("data", "degrade", source, tmp_path / "out", "--degradation", "realworld")
    before = contents(tmp_path / "out")
    call("data", "degrade", source, tmp_path / "out", "--degradation", "realworld")
    assert contents(tmp_path / "out") == before
    refused = call("data", "degrade", source, tmp_path / "out", "--task", "x8")
    assert refused.exit_code == 2
    assert "was made with other settings" in refused.stderr
    assert call("data", "degrade", source, tmp_path / "out", "--task", "x8", "--fresh").exit_code == 0
    assert {p.shape[0] for p in pictures(tmp_path / "out").values()} == {128}


def test_another_source_needs_fresh_and_removals_are_reported(tmp_path: Path) -> None:
    source, out = data(tmp_path / "src"), tmp_path / "out"
    call("data", "degrade", source, out)
    before = contents(out)
    other = write_files(tmp_path / "other", {"x.png": encode_picture(draw_photo(9, 128, 128))})
    refused = call("data", "degrade", other, out)
    assert refused.exit_code == 2
    assert "out holds 4 other pictures, e.g. 'p0/0'; --fresh removes them" in refused.stderr
    assert contents(out) == before
    assert "3 pictures removed" in call("data", "degrade", source, out, "--limit", 1).stderr
    assert "1 pictures removed" in call("data", "degrade", other, out, "--fresh").stderr
    assert list(pictures(out)) == list(pictures(out, "LR")) == ["x"]


def test_data_with_lr_is_refused(tmp_path: Path) -> None:
    call("data", "degrade", data(tmp_path / "src"), tmp_path / "out")
    result = call("data", "degrade", tmp_path / "out", tmp_path / "twice")
    assert result.exit_code == 2
    assert "has LR pictures of its own" in result.stderr


@pytest.mark.parametrize(
    ("degradation", "task", "reason"),
    [
        ("area", "64x1", "degradation area leaves LR equal to HR in task 64x1; use realworld, wild, gfpgan, "),
        ("noise:0", "64x1", "degradation noise:0 leaves LR equal to HR"),
        ("bilinear-steps", "20x3", "degradation bilinear-steps only halves, which gives no scale of 3 in task 20x3"),
    ],
)
def test_what_does_not_suit_the_task_is_refused(tmp_path: Path, degradation: str, task: str, reason: str) -> None:
    options = ["--degradation", degradation, "--task", task]
    refused = call("data", "degrade", data(tmp_path / "src"), tmp_path / "out", *options)
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert reason in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_dataset_is_not_written_over_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FSRBENCH_DATA", str(tmp_path / "home"))
    call("data", "import", "folder", data(tmp_path / "src"), "faces", "--size", 40)
    before = contents(tmp_path / "home")
    result = call("data", "degrade", "faces", "faces", "--fresh")
    assert result.exit_code == 2
    assert "is inside the other" in result.stderr
    assert contents(tmp_path / "home") == before
