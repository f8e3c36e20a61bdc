"""Many runs become frames that lose nothing and hold each run once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from made.runs import MakeRun

import fsrbench
from fsrbench.errors import UserError

VALUES = {"psnr": {"a": (26.0, 25.5, 26.5), "hr": 40.0}, "kid": {"a": 0.25}}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, make_run_at: MakeRun) -> Path:
    """Two studies of runs, one of them unfinished, and a file that is none."""
    root = tmp_path_factory.mktemp("shelf")
    for name, seed in (("first/x4", 1), ("first/x8", 2), ("second/x4", 3), ("second/broken", 4)):
        (root / name).parent.mkdir(exist_ok=True)
        versions = {"fsrbench": "0.1.0", "torch": "2.9.0"}
        seconds = {"scoring": 2.5, "summary": 0.5}
        make_run_at(
            root / name, VALUES, spec={"seed": seed}, versions=versions, seconds=seconds, task=name.partition("/")[2]
        )
    (root / "second" / "broken" / "scores.parquet").unlink()
    (root / "second" / "cache").mkdir()
    shutil.copytree(root / "first" / "x4", root / "second" / "cache" / "x4")
    (root / "notes.txt").write_text("no run")
    (root / "empty").mkdir()
    return root


def test_frames_hold_every_row_of_every_run(shelf: Path) -> None:
    loaded = fsrbench.load(shelf)
    assert loaded.runs["run"].tolist() == ["first/x4", "first/x8", "second/x4"]
    assert len(loaded) == 3
    for name in loaded.runs["run"]:
        run = fsrbench.RunData.load(shelf / name)
        for frame, own in ((loaded.scores, run.scores), (loaded.summary, run.summary)):
            rows = frame[frame["run"] == name].drop(columns="run").reset_index(drop=True)
            pd.testing.assert_frame_equal(rows, own[list(rows.columns)], check_dtype=False)
    assert repr(loaded) == "3 runs, 1 method, 120 scores"


def test_facts_come_from_the_manifest(shelf: Path) -> None:
    runs = fsrbench.load(shelf).runs.set_index("run")
    first = runs.loc["first/x8"]
    assert (first["task"], first["data"], first["images"], first["seed"]) == ("x8", "sample", 20, 2)
    assert (first["degradation"], first["torch"], first["seconds"]) == ("realistic", "2.9.0", 3.0)
    assert first["path"] == str(shelf / "first" / "x8")
    methods = fsrbench.load(shelf).methods
    assert methods[["run", "method", "status"]].values.tolist()[0] == ["first/x4", "a", "ok"]


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["first"], ["x4", "x8"]),
        (["first/x4"], ["x4"]),
        (["*/x4"], ["first/x4", "second/x4"]),
        (["**/x8"], ["x8"]),
        (["first", "*/x4", "first/x4"], ["first/x4", "first/x8", "second/x4"]),
    ],
)
def test_sources(shelf: Path, sources: list[str], names: list[str]) -> None:
    assert sorted(fsrbench.load(*(str(shelf / source) for source in sources)).runs["run"]) == names


def test_runs_in_memory_are_taken(shelf: Path) -> None:
    run = fsrbench.RunData.load(shelf / "first" / "x4")
    loaded = fsrbench.load(run, shelf / "first")
    assert loaded.runs["run"].tolist() == ["x4", "x8"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("third", "no such run folder"),
        ("*.txt", "no such run folder"),
        ("second/broken", "not a finished run: no scores.parquet"),
        ("empty", "no finished run there"),
    ],
)
def test_a_source_without_runs_is_refused(shelf: Path, source: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        fsrbench.load(shelf / source)


def test_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="name at least one run"):
        fsrbench.load()
