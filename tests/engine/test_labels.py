"""Methods under names of the user's own: rows, manifest and pictures have the name, the cache has not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from made import Finished, call, picture_files, run, write_files

METHODS = "cubic=bicubic,theirs=images:sr/lr=1,others=images:sr/b,nearest"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Data in ``data``, SR of two in ``sr``; the current folder."""
    folder = tmp_path_factory.mktemp("here")
    files = picture_files([f"{i}.png" for i in range(6)])
    write_files(folder / "data", files)
    write_files(folder / "sr" / "lr=1", files)
    write_files(folder / "sr" / "b", dict(zip(files, reversed(files.values()), strict=True)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def labelled(here: Path) -> Finished:
    return run("data", here / "out", methods=METHODS)


def test_rows_have_the_names(labelled: Finished) -> None:
    assert labelled.code == 0
    assert list(labelled.summary["method"].unique()) == ["cubic", "theirs", "others", "nearest"]
    assert "images:" not in labelled.stdout.split("Methods:")[0]
    folders = {path.name for path in (labelled.path / "images").iterdir() if path.is_dir()}
    assert folders == {"cubic", "theirs", "others", "nearest", "hr", "lr"}


def test_the_manifest_has_both(labelled: Finished) -> None:
    methods = labelled.manifest["methods"]
    sources = {name: entry["source"] for name, entry in methods.items()}
    assert sources == {
        "cubic": "bicubic",
        "theirs": "images:sr/lr=1",
        "others": "images:sr/b",
        "nearest": "nearest",
    }
    assert labelled.manifest["spec"]["methods"] == METHODS.split(",")
    assert "theirs: images:sr/lr=1; 6 pictures" in (labelled.path / "table.md").read_text(encoding="utf-8")


def test_numbers_and_cache_are_those_without_names(labelled: Finished, here: Path) -> None:
    shutil.copytree(labelled.path / "cache", here / "plain" / "cache")
    kept = {path: path.stat().st_mtime_ns for path in (here / "plain" / "cache").rglob("*") if path.is_file()}
    plain = run("data", here / "plain", methods="bicubic,images:sr/lr=1,images:sr/b,nearest")
    names = {"bicubic": "cubic", "images:sr/lr=1": "theirs", "images:sr/b": "others"}
    renamed = plain.scores.assign(method=plain.scores["method"].replace(names))
    pd.testing.assert_frame_equal(renamed, labelled.scores, check_exact=True)
    stored = [path for path in (here / "plain" / "cache").rglob("*.npz") if path not in kept]
    assert not stored


def test_a_finished_run_is_known_by_names_and_sources(labelled: Finished, here: Path) -> None:
    shutil.copytree(labelled.path, here / "again")
    run("data", here / "again", methods=METHODS)
    assert "nothing has changed" in run("data", here / "again", methods=METHODS).stderr
    other = run("data", here / "again", methods="theirs=images:sr/b,nearest")
    assert other.values("theirs") == labelled.values("others")


@pytest.mark.heavy
def test_compare_gate_and_audit_take_the_names(labelled: Finished, here: Path) -> None:
    compared = call("compare", labelled.path, "--to", "others", "--columns", "psnr", "--format", "csv")
    assert set(pd.read_csv(StringIO(compared.stdout))["method"]) >= {"cubic", "nearest"}
    held = {"methods": {"theirs": {"metrics": {}}}}
    reference = here / "reference.json"
    assert call("check", labelled.path, "--against", reference, "--update").exit_code == 0
    assert set(json.loads(reference.read_text())["methods"]) >= held["methods"].keys()
    assert call("check", labelled.path, "--against", reference).exit_code == 0
    audited = call("audit", labelled.path, "--limit", 2)
    assert audited.exit_code == 0, audited.stderr
    assert "theirs" in audited.stdout


def test_runs_merge_by_the_names(labelled: Finished, here: Path) -> None:
    other = run("data", here / "other", "--degradation", "realworld", methods="theirs=images:sr/b,nearest")
    text = call("table", labelled.path, other.path, "--format", "csv", "--columns", "psnr").stdout
    rows = pd.read_csv(StringIO(text))
    assert sum(rows.iloc[:, 1] == "theirs") == 2


@pytest.mark.parametrize(
    ("methods", "reason"),
    [
        ("nearest=images:sr/b", "nearest is a registered method; call images:sr/b something else, as in nearest-2="),
        ("HR=images:sr/b", "no method may be called HR: the name is reserved for the run's own pictures"),
        ("a=images:sr/b,a=bicubic", "two methods are called a"),
        ("a=images:gone", "images:gone: no such folder or zip"),
        ("a=bicubik", "did you mean bicubic"),
        ("a=", "'a' names no method"),
    ],
)
def test_a_name_that_cannot_be_is_one_line(here: Path, methods: str, reason: str) -> None:
    refused = run("data", here / "refused", methods=methods)
    assert refused.code == 2
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not refused.path.exists()


@pytest.mark.parametrize("written", ["{theirs: 'images:sr/b', nearest: nearest}", "[theirs: 'images:sr/b', nearest]"])
def test_a_configuration_names_methods_in_a_mapping(here: Path, written: str) -> None:
    (here / "named.yaml").write_text(f"methods: {written}\ndata: data\nmetrics: [psnr]\ndevice: cpu\n")
    result = call("run", "--config", "named.yaml", "--out", here / "configured")
    assert result.exit_code == 0, result.stderr
    assert set(pd.read_csv(here / "configured" / "summary.csv")["method"]) == {"theirs", "nearest"}
