"""Runs with a reference set of its own: what is compared with it, and sets that cannot be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import Finished, picture_files, run, write_files
from made.extractors import use_colours

from fsrbench.metrics.distribution import kernel_distance

pytestmark = pytest.mark.heavy  # whole runs

COUNT = 54
KID = ("--metrics", "kid,psnr")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files(f"{i:02}.png" for i in range(COUNT)))


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More pictures, some of them those of the data, two of them damaged."""
    files = picture_files(f"other/{i:03}.png" for i in range(80))
    files |= {"other/003.png": b"", "other/077.png": b"no picture"}
    return write_files(tmp_path_factory.mktemp("others"), files)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return use_colours(monkeypatch, "inception")


def kid(finished: Finished, method: str = "bicubic") -> float:
    row = pd.read_csv(finished.path / "summary.csv").set_index(["method", "metric"]).loc[(method, "kid")]
    assert row["status"] == "ok"
    return float(row["value"])


def stored_features(finished: Finished) -> list[np.ndarray]:
    return [np.load(path)["activations"] for path in (finished.path / "cache" / "features").glob("*.npz")]


def test_without_a_reference_set_all_hr_images_are_it(data: Path, tmp_path: Path, seen: list[int]) -> None:
    finished = run(data, tmp_path / "out", *KID)
    assert finished.code == 0
    one, other = stored_features(finished)
    expected = kernel_distance(one, other, COUNT // 2, seed=0)[0], kernel_distance(other, one, COUNT // 2, seed=0)[0]
    assert kid(finished) in [pytest.approx(e) for e in expected]
    assert finished.summary.query("method == 'hr'").empty  # HR against itself says nothing
    assert sum(seen) == 2 * COUNT
    assert "all HR images" in finished.manifest["protocols"]["kid"]
    assert finished.note("bicubic", "kid") == "subsets of 27 images, not 1000"


def test_a_reference_set_is_compared_with_and_scores_hr_too(
    data: Path, others: Path, tmp_path: Path, seen: list[int]
) -> None:
    finished = run(data, tmp_path / "out", *KID, "--reference", others)
    assert finished.code == 0
    assert sum(seen) == 16 - 1 + 2 * COUNT + 64 - 1  # each picture once; the damaged ones left out
    assert kid(finished, "hr") < kid(finished)
    assert list(finished.values("bicubic")) == [f"{i:02}" for i in range(COUNT)]
    assert set(finished.scores["method"]) == {"bicubic"}
    assert "reference" not in set(finished.summary["method"])
    assert "other/003 left out: empty file" in finished.stderr
    assert finished.manifest["dataset"]["n"] == COUNT


def test_the_reference_set_is_on_record(data: Path, others: Path, tmp_path: Path, seen: list[int]) -> None:
    with_it = run(data, tmp_path / "out", *KID, "--reference", others).manifest["reference"]
    assert len(with_it["sha256"]) == 64
    assert with_it["name"] == others.name
    assert run(data, tmp_path / "out2", *KID).manifest["reference"] is None


def test_warnings_of_the_reference_set_are_shown(data: Path, tmp_path: Path, seen: list[int]) -> None:
    files = picture_files(f"{i:02}.png" for i in range(COUNT)) | {"a.heic": b"x", "b.heic": b"x"}
    finished = run(data, tmp_path / "out", *KID, "--reference", write_files(tmp_path / "more", files))
    said = "2 files left out, their formats cannot be read (2 .heic): a.heic, b.heic"
    assert finished.manifest["reference"]["warnings"] == [said]
    assert f"warning: reference: {said}" in finished.stderr.replace("\n", " ")


def test_the_data_as_its_own_reference_set_gives_the_same(data: Path, tmp_path: Path, seen: list[int]) -> None:
    named, default = run(data, tmp_path / "a", *KID, "--reference", data), run(data, tmp_path / "b", *KID)
    assert kid(named) == kid(default)


def test_lr_alone_can_be_compared_with_a_reference_set(others: Path, tmp_path: Path, seen: list[int]) -> None:
    lr = write_files(tmp_path / "data", picture_files((f"LR/{i:02}.png" for i in range(COUNT)), side=16))
    finished = run(lr, tmp_path / "out", *KID, "--reference", others)
    assert finished.status("bicubic", "kid") == "ok"
    assert (finished.status("bicubic"), finished.note("bicubic")) == ("invalid", "needs HR images")
    alone = run(lr, tmp_path / "alone", *KID)
    assert alone.note("bicubic", "kid") == "needs HR images or a reference set: --reference SRC"


def test_an_unused_reference_set_is_not_read(data: Path, others: Path, tmp_path: Path, seen: list[int]) -> None:
    assert run(data, tmp_path / "out", "--reference", others).code == 0
    assert seen == []


def test_a_cut_run_knows_what_is_done(data: Path, others: Path, tmp_path: Path, seen: list[int]) -> None:
    first = run(data, tmp_path / "out", *KID, "--reference", others)
    seen.clear()
    again = run(data, tmp_path / "out", *KID, "--reference", others)
    assert seen == []
    assert again.summary.equals(first.summary)


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (picture_files(["LR/a.png"], side=16), "has no HR image for every sample"),
        ({}, "no pictures in"),
        ({f"{i:02}.png": b"broken" for i in range(60)}, "(60 left out)"),
    ],
    ids=["LR alone", "empty", "all broken"],
)
def test_what_cannot_be_a_reference_set_is_unusable_input(
    data: Path, tmp_path: Path, seen: list[int], files: dict[str, bytes], reason: str
) -> None:
    source = write_files(tmp_path / "reference", files)
    result = run(data, tmp_path / "out", *KID, "--reference", source)
    assert result.code == 2
    assert reason in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith("fsrbench: ")


@pytest.mark.parametrize(
    ("metric", "limit", "reason"),
    [
        ("fid", None, "needs at least 2049 images on both sides, not 54"),
        ("fid_face", None, "needs at least 129 images on both sides, not 54"),
        ("kid", 49, "needs at least 50 images on both sides, not 49"),
    ],
)
def test_too_few_images_are_invalid_rows(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str, limit: int | None, reason: str
) -> None:
    use_colours(monkeypatch, "inception", "dlib")
    options = ["--limit", limit] if limit else []
    finished = run(data, tmp_path / "out", "--metrics", f"psnr,{metric}", *options)
    assert finished.code == 0
    assert finished.status("bicubic", metric) == "invalid"
    assert finished.note("bicubic", metric).startswith(reason)
    assert finished.status("bicubic") == "ok"


def test_broken_images_count_against_the_minimum(tmp_path: Path, seen: list[int]) -> None:
    files = picture_files(f"{i:02}.png" for i in range(49)) | {"broken.png": b""}
    finished = run(write_files(tmp_path / "data", files), tmp_path / "out", *KID)
    assert finished.status("bicubic", "kid") == "invalid"
    assert finished.note("bicubic", "kid").startswith("needs at least 50 images on both sides, 49 could be used")
