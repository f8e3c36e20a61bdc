"""A disk that is full or read-only: one clear line, nothing half-written, and the same command finishes later."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import Finished, call, run
from made.hostile.cases import people
from PIL import Image

from fsrbench.errors import CannotWrite, UserError
from fsrbench.files.atomic import PART, whole
from fsrbench.gate import reference, update
from fsrbench.reports.page.render import write_report
from fsrbench.runs.data import RunData

pytestmark = pytest.mark.heavy

Mount = Callable[..., Path]
FULL = "No space left on device; finished work is kept; run the same command to continue"


def mount(*arguments: object) -> bool:
    """Whether this is allowed here: root may, in most containers nobody."""
    done = subprocess.run(["mount", "-t", "tmpfs", *map(str, arguments)], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Mount]:
    """Makes a disk of so many bytes, or changes what it is."""
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux" or not mount("-o", "size=1m", "tmpfs", place):
        pytest.skip("no disk of a size can be mounted here")

    def change(size: int = 2**26, mode: str = "rw") -> Path:
        assert mount("-o", f"remount,{mode},size={-(-size // 4096) * 4096}", "tmpfs", place)
        return place

    yield change
    subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture(scope="module", autouse=True)
def _small_grid() -> Iterator[None]:
    """Pictures as large as they are: to enlarge and to write them takes longer than a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fsrbench.pictures.grid.SMALLEST_CELL", 0)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return people(tmp_path_factory.mktemp("data"), 6)


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return go(data, tmp_path_factory.mktemp("undisturbed") / "out")


def go(data: Path, out: Path) -> Finished:
    return run(data, out, "--save-images", methods="bicubic,nearest", grid=True)


def used(folder: Path) -> int:
    """Bytes on a disk of pages."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.rglob("*") if path.is_file())


def check_no_halves(out: Path) -> None:
    """Whatever has its final name is whole."""
    assert not [path for path in out.rglob("*") if PART in path.name]
    for path in out.rglob("*.png"):
        with Image.open(path) as image:
            image.load()
    for path in out.glob("*.csv"):
        assert len(pd.read_csv(path).columns) > 1
    if (out / "scores.parquet").exists():
        RunData.load(out)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_full_disk_stops_a_run_that_finishes_later(
    disk: Mount, data: Path, undisturbed: Finished, share: float
) -> None:
    out = disk(max(4096, int(used(undisturbed.path) * share))) / "out"
    stopped = go(data, out)
    assert stopped.code == 2
    lines = [line for line in stopped.stderr.splitlines() if line.startswith("fsrbench: ")]
    assert len(lines) == 1
    assert "No space left on device" in lines[0]
    check_no_halves(out)
    done = {path: path.stat().st_mtime_ns for path in out.rglob("*.npz")}
    disk()
    finished = go(data, out)
    assert finished.code == 0
    pd.testing.assert_frame_equal(finished.scores, undisturbed.scores, check_exact=True)
    assert finished.summary.equals(undisturbed.summary)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    check_no_halves(out)


def test_what_an_earlier_run_wrote_stays_whole_on_a_full_disk(disk: Mount, data: Path) -> None:
    out = disk() / "out"
    first = run(data, out)
    files = {path: path.read_bytes() for path in out.iterdir() if path.is_file()}
    disk(used(out) + 4096)
    assert go(data, out).code == 2
    del files[out / ".lock"]
    assert {path: path.read_bytes() for path in files} == files
    assert len(RunData.load(out).scores) == len(first.scores)


@pytest.mark.parametrize("command", [["plot"], ["grid"]])
def test_full_disk_stops_a_report(disk: Mount, data: Path, command: list[str]) -> None:
    out = disk() / "out"
    assert go(data, out).code == 0
    disk(used(out) + 4096)
    result = call(*command, out)
    assert result.exit_code == 2
    assert FULL in result.stderr
    check_no_halves(out)


def test_read_only_disk_is_refused_and_kept(disk: Mount, data: Path) -> None:
    out = disk() / "out"
    first = run(data, out)
    disk(mode="ro")
    result = go(data, out)
    assert result.code == 2
    assert "cannot write to" in result.stderr
    assert "Read-only file system" in result.stderr
    assert result.scores.equals(first.scores)
    disk(mode="rw")
    assert go(data, out).code == 0


def test_disk_that_becomes_read_only_stops_a_run(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save, saved = np.savez, []

    def until_read_only(*arguments: Any, **arrays: Any) -> None:
        saved.append(1)
        if len(saved) > 3:
            raise OSError(errno.EROFS, "made")
        save(*arguments, **arrays)

    monkeypatch.setattr(np, "savez", until_read_only)
    result = go(data, tmp_path / "out")
    assert result.code == 2
    assert "Read-only file system; finished work is kept" in result.stderr
    monkeypatch.undo()
    assert go(data, tmp_path / "out").code == 0


def test_whole_keeps_what_was_there_until_all_is_written(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("old")

    def break_off() -> None:
        with whole(file) as part:
            part.write_text("ne")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        break_off()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert file.read_text() == "old"
    with whole(file) as part:
        part.write_text("new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
def test_pipes_and_devices_are_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/stdout"), Path(os.devnull), tmp_path / "pipe"):
        with whole(path) as part:
            assert part == path
        assert path.exists()


def half(path: Path, text: str, *_: object, **__: object) -> int:
    """``Path.write_text`` on a disk that breaks."""
    path.write_bytes(text.encode()[: len(text) // 2])
    raise OSError(errno.ENXIO, "broken")


def report(run: RunData, path: Path) -> None:
    write_report(run, path)


def gated(run: RunData, path: Path) -> None:
    reference.write(update.make(run, None), path)


@pytest.mark.parametrize("write", [report, gated])
def test_a_file_that_cannot_be_written_leaves_the_old_one(data: Path, tmp_path: Path, monkeypatch, write) -> None:
    finished, out = RunData.load(run(data, tmp_path / "run").path), tmp_path / "out"
    out.mkdir()
    (out / "file").write_text("old")
    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(UserError, match="cannot write"):
        write(finished, out / "file")
    assert [path.name for path in out.iterdir()] == ["file"]
    assert (out / "file").read_text() == "old"


def test_processes_of_two_machines_do_not_write_to_one_path(tmp_path: Path) -> None:
    code = "from pathlib import Path; from fsrbench.files import atomic; print(atomic.whole(Path('x')).__enter__())"
    same = f"import os; os.getpid = lambda: 7; {code}"  # each machine has its own process 7
    parts = [subprocess.run([sys.executable, "-c", same], capture_output=True, check=True).stdout for _ in range(2)]
    assert parts[0] != parts[1]


def test_whole_replaces_a_link_and_leaves_its_target(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    with whole(tmp_path / "link") as part:
        part.write_text("new")
    assert (tmp_path / "precious").read_text() == "old"
    assert (tmp_path / "link").read_text() == "new"


def test_only_errors_of_the_whole_disk_stop_everything(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="x: No space left"), whole(tmp_path / "x"):
        raise OSError(28, "whatever")
    with pytest.raises(OSError, match="too long"), whole(tmp_path / "x"):
        raise OSError(36, "too long")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
def test_what_a_killed_process_left_is_removed_and_nothing_else(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(data, out)
    left = [out / ".77-3.part.csv", out / "images" / ".77-12.part.png", out / "cache" / "scores" / "tmpx.part"]
    left.append(out / "cache" / "scores" / ".0123456789abcdef.part.npz")
    kept = out / "images" / "a.part1.csv"
    for path in (*left, kept):
        path.write_text("half")
    run(data, out, "--metrics", "psnr")  # something to do: a run that is only shown again writes nothing
    assert not [path for path in left if path.exists()]
    assert kept.exists()
