"""What a run leaves: every file that DESIGN.md promises, and numbers that anybody can compute again from them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import Finished, call, draw_picture, encode_picture, picture_files, run, write_files
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

METHODS = ["bicubic", "nearest"]
IDS = ["ann/1", "ann/2", "bob/1", "bob/2"]
FILES = [
    "manifest.json",
    "scores.parquet",
    "summary.csv",
    "details.csv",
    "curves.csv",
    "images.csv",
    "properties.csv",
    "table.md",
    "table.tex",
    "grid.png",
    "plots/metrics.png",
    "plots/metrics.svg",
    *(f"images/{row}/{image}.png" for row in ("lr", "hr", *METHODS) for image in IDS),
]


def hr_folder(path: Path) -> Path:
    """HR pictures of several sizes, the task's among them."""
    sides = dict(zip(IDS, (64, 100, 128, 65), strict=True))
    pictures = {f"HR/{i}.png": encode_picture(draw_picture(n, sides[i])) for n, i in enumerate(IDS)}
    return write_files(path, pictures)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hr_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    out = tmp_path_factory.mktemp("run") / "deep" / "out"
    options = ("--degradation", "realworld", "--seed", 3, "--metrics", "psnr,ssim,params")
    return run(data, out, *options, methods=",".join(METHODS), plots=True)


@pytest.mark.parametrize("name", FILES)
def test_promised_file_is_there(finished: Finished, name: str) -> None:
    assert finished.code == 0
    assert (finished.path / name).stat().st_size > 0


def test_nothing_else_is_there(finished: Finished) -> None:
    known = {name.partition("/")[0] for name in FILES} | {"cache", "blocks.csv", ".lock"}
    assert {p.name for p in finished.path.iterdir()} <= known


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".png")])
def test_pictures_can_be_opened(finished: Finished, name: str) -> None:
    with Image.open(finished.path / name) as image:
        image.load()
        side = 16 if name.startswith("images/lr/") else 64
        assert not name.startswith("images/") or (image.mode, image.size) == ("RGB", (side, side))


def test_scores_have_the_columns_and_a_row_for_everything(finished: Finished) -> None:
    scores = finished.scores
    assert list(scores.columns) == ["method", "image", "metric", "value", "status"]
    rows = set(scores[["method", "image", "metric"]].itertuples(index=False, name=None))
    assert rows == {(m, i, k) for m in METHODS for i in IDS for k in ("psnr", "ssim")}
    assert len(scores) == len(rows)
    assert set(scores["status"]) == {"ok"}
    assert scores["value"].dtype == np.float64


def test_summary_has_the_columns_and_a_row_for_everything(finished: Finished) -> None:
    summary = finished.summary
    columns = ["method", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "status", "note"]
    assert list(summary.columns) == columns
    rows = set(summary[["method", "metric"]].itertuples(index=False, name=None))
    assert rows == {(m, k) for m in METHODS for k in ("psnr", "ssim", "params")}
    assert set(summary["direction"]) <= {"higher", "lower", "none"}
    assert set(summary["status"]) == {"ok"}


@pytest.mark.parametrize("metric", ["psnr", "ssim"])
@pytest.mark.parametrize("method", METHODS)
def test_summary_is_the_mean_of_the_scores(finished: Finished, method: str, metric: str) -> None:
    row = pd.read_csv(finished.path / "summary.csv").set_index(["method", "metric"]).loc[(method, metric)]
    values = list(finished.values(method, metric).values())
    assert row["value"] == pytest.approx(np.mean(values), abs=1e-9)
    assert row["n"] == len(IDS)
    assert row["ci_low"] < row["value"] < row["ci_high"]  # of two people: wider than what was seen


def test_manifest_has_what_a_reader_asks_for(finished: Finished, data: Path) -> None:
    manifest = finished.manifest
    assert manifest["schema_version"] == 1
    assert manifest["spec"]["methods"] == METHODS
    assert manifest["spec"]["data"] == str(data)
    assert manifest["degradation"] == {
        "name": "realworld",
        "protocol": manifest["degradation"]["protocol"],
        "seed": 3,
    }
    assert manifest["dataset"]["n"] == len(IDS)
    assert manifest["dataset"]["identities"] == 2
    assert len(manifest["dataset"]["sha256"]) == 64
    assert set(manifest["dataset"]["degraded"]) == set(IDS)
    assert set(manifest["methods"]) == set(METHODS)
    assert set(manifest["protocols"]) == set(manifest["metrics"]) == {"psnr", "ssim", "params"}
    assert {"torch", "numpy", "pillow", "fsrbench"} <= set(manifest["versions"])
    assert {"scoring", "timing", "summary"} <= set(manifest["seconds"])
    assert {"machine", "git"} <= set(manifest)


def test_manifest_is_strict_json(finished: Finished) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads((finished.path / "manifest.json").read_text(encoding="utf-8"), parse_constant=refuse)


@pytest.mark.parametrize("image", IDS)
@pytest.mark.parametrize("method", METHODS)
def test_saved_picture_is_what_was_scored(finished: Finished, data: Path, method: str, image: str) -> None:
    sr = np.asarray(Image.open(finished.path / "images" / method / f"{image}.png"))
    with Image.open(data / "HR" / f"{image}.png") as stored:
        hr = np.asarray(stored if stored.width == 64 else stored.resize((64, 64), Image.Resampling.LANCZOS))
    ssim = structural_similarity(
        sr, hr, channel_axis=-1, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    psnr = peak_signal_noise_ratio(hr, sr, data_range=255)
    assert finished.values(method)[image] == pytest.approx(psnr, abs=1e-3)
    assert finished.values(method, "ssim")[image] == pytest.approx(ssim, abs=1e-3)


def test_bicubic_is_pillows_of_the_degraded_hr(finished: Finished) -> None:
    nearest = np.asarray(Image.open(finished.path / "images" / "nearest" / "ann" / "1.png"))
    lr = Image.fromarray(nearest[::4, ::4])
    bicubic = np.asarray(Image.open(finished.path / "images" / "bicubic" / "ann" / "1.png"), dtype=int)
    assert np.abs(np.asarray(lr.resize((64, 64), Image.Resampling.BICUBIC)) - bicubic).max() <= 1


def test_table_shows_the_summary(finished: Finished) -> None:
    markdown = (finished.path / "table.md").read_text(encoding="utf-8")
    for method in METHODS:
        assert method in markdown
        assert f"{np.mean(list(finished.values(method).values())):.2f}" in markdown
    assert "bicubic" in finished.stdout


def test_same_command_in_a_fresh_folder_gives_identical_scores(data: Path, tmp_path: Path) -> None:
    options = ("--degradation", "realworld", "--seed", 7)
    runs = [run(data, tmp_path / name, *options) for name in ("one", "two")]
    pd.testing.assert_frame_equal(runs[0].scores, runs[1].scores, check_exact=True)
    assert runs[0].summary.equals(runs[1].summary)


def test_same_command_in_the_same_folder_gives_identical_scores(data: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path / "out").scores
    assert run(data, tmp_path / "out").scores.equals(first)


def test_other_data_in_the_same_folder_gives_other_scores(tmp_path: Path) -> None:
    runs = []
    for name, ids in (("one", ["a.png", "b.png"]), ("two", ["b.png", "a.png"])):  # the same names, pictures swapped
        runs.append(run(write_files(tmp_path / name, picture_files(ids)), tmp_path / "out").values("bicubic"))
    assert runs[0]["a"] == runs[1]["b"] != runs[1]["a"]


@pytest.mark.parametrize(
    "option", [("--seed", 4), ("--degradation", "bicubic"), ("--limit", 2), ("--task", "x8")], ids=lambda o: o[0]
)
def test_changed_option_in_the_same_folder_is_not_answered_from_the_cache(
    tmp_path: Path, option: tuple[str, object]
) -> None:
    files = {f"{i}.png": encode_picture(draw_picture(i, 128)) for i in range(3)}
    source = write_files(tmp_path / "data", files)
    run(source, tmp_path / "used", "--degradation", "realworld")
    again = run(source, tmp_path / "used", "--degradation", "realworld", *option)
    fresh = run(source, tmp_path / "fresh", "--degradation", "realworld", *option)
    pd.testing.assert_frame_equal(again.scores, fresh.scores)


@pytest.mark.parametrize("method", ["bicubic", "ours"])
def test_batch_size_does_not_change_scores(tmp_path: Path, method: str) -> None:
    source = write_files(tmp_path / "data", picture_files(f"{i}.png" for i in range(6)))
    one, seven = (run(source, tmp_path / str(n), "--batch-size", n, methods=method) for n in (1, 7))
    if method == "ours" and one.status(method) == "unavailable":
        pytest.skip(one.note(method))
    for metric in ("psnr", "ssim"):
        assert one.values(method, metric) == pytest.approx(seven.values(method, metric), abs=1e-3)


def test_order_of_methods_is_kept_and_changes_no_score(data: Path, tmp_path: Path) -> None:
    there = run(data, tmp_path / "there", methods="lanczos,nearest,bilinear")
    back = run(data, tmp_path / "back", methods="bilinear,nearest,lanczos,bilinear")
    assert list(there.summary["method"].unique()) == ["lanczos", "nearest", "bilinear"]
    assert list(back.summary["method"].unique()) == ["bilinear", "nearest", "lanczos"]
    for method in ("lanczos", "nearest", "bilinear"):
        assert there.values(method) == back.values(method)


def test_limit_scores_the_first(data: Path, tmp_path: Path) -> None:
    result = run(data, tmp_path / "out", "--limit", 3)
    assert list(result.values("bicubic")) == IDS[:3]
    assert result.manifest["dataset"]["n"] == 3


@pytest.mark.parametrize("task", ["x4", "x8"])
def test_tasks_have_their_sizes(tmp_path: Path, task: str) -> None:
    side = {"x4": 64, "x8": 128}[task]
    source = write_files(tmp_path / "data", {"a.png": encode_picture(draw_picture(0, 128))})
    result = run(source, tmp_path / "out", "--task", task, "--save-images")
    assert result.code == 0
    assert Image.open(tmp_path / "out" / "images" / "bicubic" / "a.png").size == (side, side)


def test_equal_picture_scores_infinite_and_is_left_out_of_the_mean(tmp_path: Path) -> None:
    """A flat picture survives any interpolation."""
    flat = encode_picture(Image.new("RGB", (64, 64), (10, 200, 30)))
    result = run(
        write_files(tmp_path / "data", picture_files(["a.png"]) | {"flat.png": flat}), tmp_path / "out", plots=True
    )
    assert result.code == 0
    assert result.values("bicubic")["flat"] == np.inf
    row = result.summary.set_index(["method", "metric"]).loc[("bicubic", "psnr")]
    assert float(row["value"]) == pytest.approx(result.values("bicubic")["a"])
    assert row["note"] == "1 image left out: infinite, because SR equals HR"
    assert call("table", tmp_path / "out").exit_code == 0


def test_pictures_that_equal_hr_have_no_psnr_and_the_row_says_why(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    result = run(data, tmp_path / "out", methods=f"images:{data}")
    method = result.manifest["spec"]["methods"][0]
    why = "infinite on every image, because SR equals HR"
    assert (result.status(method, "psnr"), result.note(method, "psnr")) == ("invalid", why)
    assert result.status(method, "ssim") == "ok"
    assert why in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")


def test_shards_are_put_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_files(tmp_path / "data", picture_files(f"{i}.png" for i in range(6)) | {"0.png": b""})
    whole = run(source, tmp_path / "whole")
    monkeypatch.setattr("fsrbench.engine.plan.SHARD", 1)  # the first shard has nothing usable
    parts = run(source, tmp_path / "parts", "--metrics", "psnr,ssim,latency_ms")
    assert parts.code == 0
    assert parts.status("bicubic", "latency_ms") == "ok"
    assert parts.values("bicubic") == whole.values("bicubic")
    assert parts.values("bicubic", "ssim") == whole.values("bicubic", "ssim")
    assert set(parts.left_out) == {"0"}
