"""A run under a limit of its cache gives the same as one without, and its cache stays below the limit."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from made import Finished, picture_files, run, write_files
from made.extractors import use_colours

from fsrbench.files.size_limit import GIB
from fsrbench.gallery import keep

pytestmark = pytest.mark.heavy  # whole runs

IMAGES = [f"{i:02}.png" for i in range(20)]
"""Four shards of 5."""
METHODS = "bicubic,nearest,lanczos"


@pytest.fixture(autouse=True)
def shards_of_five(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 5)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files(IMAGES))


def size(out: Path, *kinds: str) -> int:
    found = [file for kind in kinds or ("*",) for file in (out / "cache").glob(f"{kind}/*.npz")]
    return sum(file.stat().st_size for file in found)


def limited(data: Path, out: Path, most: float, *options: str, methods: str = METHODS) -> Finished:
    return run(data, out, "--cache-limit", f"{most / GIB:.15f}", *options, methods=methods, grid=True)


def outputs(done: Finished) -> dict[str, bytes]:
    """Every picture that was kept, and the grid."""
    return {str(file.relative_to(done.path)): file.read_bytes() for file in done.path.rglob("*.png")}


def age(out: Path, kind: str = "*") -> None:
    """As if what is stored had been used long ago."""
    for file in (out / "cache").glob(f"{kind}/*.npz"):
        os.utime(file, (1, 1))


@pytest.fixture(scope="module")
def free(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fsrbench.engine.plan.SHARD", 5)
        use_colours(patch, "dlib")
        return run(
            data,
            tmp_path_factory.mktemp("free") / "out",
            "--metrics",
            "psnr,ssim,verification_dlib",
            methods=METHODS,
            grid=True,
        )


@pytest.mark.parametrize("share", [0.5, 1e-6])
def test_a_limit_below_what_the_run_takes_changes_no_number_and_no_picture(
    data: Path, tmp_path: Path, free: Finished, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_colours(monkeypatch, "dlib")
    most = share * size(free.path)
    done = limited(data, tmp_path / "out", most, "--metrics", "psnr,ssim,verification_dlib")
    assert done.code == 0, done.stderr
    assert "this run alone needs more; pictures of finished images are removed" in done.stderr
    assert "removed for --cache-limit" in done.stderr
    pd.testing.assert_frame_equal(done.scores, free.scores)
    assert done.summary.equals(free.summary)
    assert outputs(done) == outputs(free)
    numbers = size(done.path, "features", "scores", "checks")  # needed by the run itself to its end
    assert size(done.path) <= max(most, numbers)


def test_the_pictures_of_the_first_images_stay_longest(
    data: Path, tmp_path: Path, free: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "MOST_KEPT", 5)
    monkeypatch.setattr("fsrbench.gallery.grid.run_images", lambda _: [])
    made: list[int] = []
    from fsrbench.engine import unit_pictures

    super_resolve = unit_pictures.UnitPictures._super_resolve
    monkeypatch.setattr(
        unit_pictures.UnitPictures,
        "_super_resolve",
        lambda self, unit, *rest: made.append(unit.shard.index) or super_resolve(self, unit, *rest),
    )
    limited(data, tmp_path / "out", 0.7 * size(free.path))
    assert made == [shard for shard in range(4) for _ in METHODS.split(",")]  # none of them twice


def test_results_of_earlier_runs_go_first_and_those_of_this_one_stay(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(data, out, methods="bicubic")
    one = size(out)
    earlier = set((out / "cache").glob("*/*.npz"))
    age(out)
    done = limited(data, out, 1.05 * one, "--degradation", "area", methods="bicubic")
    assert done.code == 0
    assert "the least recently used files are removed" in done.stderr
    gone = {file for file in earlier if not file.exists()}
    assert gone
    assert all(file.parent.name != "hr" for file in gone)  # this run reads them, too
    assert "this run alone needs more" not in done.stderr
    assert size(out) <= 1.05 * one


def test_no_limit_and_a_high_one_remove_nothing(data: Path, tmp_path: Path) -> None:
    done = limited(data, tmp_path / "out", 2**40)
    before = set((done.path / "cache").glob("*/*.npz"))
    age(done.path)
    again = run(data, done.path, "--metrics", "psnr", methods="nearest")
    assert "removed" not in done.stderr + again.stderr
    assert before <= set((done.path / "cache").glob("*/*.npz"))


def test_a_finished_run_makes_room_without_computing_anything(data: Path, tmp_path: Path) -> None:
    done = run(data, tmp_path / "out")
    before = done.scores
    again = limited(data, done.path, 1, methods="bicubic")
    assert "nothing has changed" in again.stderr
    assert "removed for --cache-limit" in again.stderr
    assert size(done.path) == 0
    assert again.scores.equals(before)


def test_features_that_the_run_reads_in_the_end_stay(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_colours(monkeypatch, "dlib")
    done = limited(data, tmp_path / "out", 1, "--metrics", "verification_dlib")
    assert done.code == 0
    assert set(done.summary["status"]) == {"ok"}
    assert size(done.path, "features") > 0


@pytest.mark.parametrize("value", ["0", "-1", "nan"])
def test_a_limit_is_a_positive_number(data: Path, tmp_path: Path, value: str) -> None:
    done = run(data, tmp_path / "out", "--cache-limit", value)
    assert done.code == 2
    assert "--cache-limit" in done.stderr
