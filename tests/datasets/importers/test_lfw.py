"""LFW is imported with its names and pairs."""

from pathlib import Path

import pytest
from made import call, run
from made.archives import LFW, lfw
from made.imports import do_import

from fsrbench.datasets import open_dataset


@pytest.mark.parametrize("form", ["tgz", "folder"])
def test_lfw_keeps_names_and_its_pairs_run(tmp_path: Path, form: str) -> None:
    do_import("lfw", lfw(tmp_path / "src", form), tmp_path / "out")
    data = open_dataset(str(tmp_path / "out"))
    assert [s.id for s in data] == sorted(f"{n}/{n}_{k:04d}" for n, c in LFW.items() for k in range(1, c + 1))
    assert (tmp_path / "out" / "pairs.txt").read_text() == (tmp_path / "src" / "pairs.txt").read_text()
    finished = run(tmp_path / "out", tmp_path / "run", "--pairs", tmp_path / "out" / "pairs.txt")
    assert finished.code == 0


def test_two_versions_of_lfw_are_refused(tmp_path: Path) -> None:
    source = lfw(tmp_path / "src")
    (source / "lfw-deepfunneled.tgz").write_bytes((source / "lfw.tgz").read_bytes())
    result = call("data", "import", "lfw", source, tmp_path / "out")
    assert result.exit_code == 2
    assert "appears twice, in lfw-deepfunneled.tgz/lfw/Ann_Lee" in result.stderr
    do_import("lfw", source / "lfw.tgz", tmp_path / "out")
