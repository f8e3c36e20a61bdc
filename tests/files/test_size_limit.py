"""Files above a limit go, the ones that were used least recently first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fsrbench.files.size_limit import GIB, remove, remove_unused

SIZE = 1000


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Files that were used at 10, 20, ... seconds; the first is the last to be used."""
    for place, name in enumerate("dcba", 1):
        file = tmp_path / ("kind" if place % 2 else "other") / f"{name}.npz"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(bytes(SIZE))
        os.utime(file, (10 * place, 5))
    return tmp_path


def left(cache: Path) -> str:
    return "".join(sorted(path.stem for path in cache.glob("*/*.npz")))


@pytest.mark.parametrize(("files", "stay"), [(5, "abcd"), (4, "abcd"), (3.999, "abc"), (2, "ab"), (0.5, "")])
def test_the_least_recently_used_go_until_the_rest_fits(cache: Path, files: float, stay: str) -> None:
    limit = files * SIZE / GIB
    assert remove_unused(cache, limit) == (4 - len(stay), (4 - len(stay)) * SIZE)
    assert left(cache) == stay
    assert remove_unused(cache, limit) == (0, 0)


def test_what_was_used_since_stays(cache: Path) -> None:
    assert remove_unused(cache, 0, since=25 * 10**9) == (2, 2 * SIZE)
    assert left(cache) == "ab"


def test_what_is_needed_stays(cache: Path) -> None:
    assert remove_unused(cache, 0, needed=lambda: {cache / "kind" / "d.npz"})[0] == 3
    assert left(cache) == "d"


def test_a_file_counts_as_used_when_it_was_written(cache: Path) -> None:
    os.utime(cache / "kind" / "d.npz", (1, 99))
    remove_unused(cache, SIZE / GIB)
    assert left(cache) == "d"


def test_other_files_are_left_alone(cache: Path) -> None:
    (cache / "finished.json").write_bytes(bytes(SIZE))
    (cache / "kind" / "x.npz.part").write_bytes(bytes(SIZE))
    remove_unused(cache, 0)
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == ["finished.json", "x.npz.part"]


def test_a_file_that_another_process_removed_frees_nothing(cache: Path) -> None:
    gone, there = cache / "kind" / "gone.npz", cache / "kind" / "b.npz"
    assert remove([gone, there], 1) == (1, SIZE)
