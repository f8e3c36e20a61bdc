"""Two processes on one run's folder: one writes, the other says who does, and a killed one blocks nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from made import run
from made.forked import COMMAND_LINE, run_python
from made.hostile.cases import people

from fsrbench.errors import UserError
from fsrbench.files.folders import LOCK, only_writer

HOLD = """
import sys, time
from pathlib import Path
from fsrbench.files.folders import only_writer
with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process that writes to ``out``."""
    (tmp_path / "out").mkdir()
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.heavy
def test_two_runs_at_once_on_one_folder(tmp_path: Path) -> None:
    data, out = people(tmp_path, 12), tmp_path / "out"
    flags = ["--methods", "bicubic,nearest", "--data", data, "--out", out, "--device", "cpu", "--metrics", "psnr,ssim"]
    with ThreadPoolExecutor(2) as both:
        started = [both.submit(run_python, COMMAND_LINE, "run", *flags) for _ in range(2)]
        ended = [(done.stderr, done.returncode) for done in (process.result(timeout=120) for process in started)]
    codes = sorted(code for _, code in ended)
    # One may have been done before the other began to write
    assert codes in ([0, 2], [0, 0]), ended
    for stderr, code in ended:
        assert "Traceback" not in stderr
        if code == 2:
            lines = [line for line in stderr.splitlines() if line.startswith("fsrbench: ")]
            assert len(lines) == 1
            assert "is being written by process" in lines[0]
    alone = run(data, tmp_path / "alone", methods="bicubic,nearest")
    pd.testing.assert_frame_equal(pd.read_parquet(out / "scores.parquet"), alone.scores, check_exact=True)
    assert not list(out.rglob("*.part*"))


def test_second_run_says_who_writes(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    started = time.monotonic()
    result = run(people(tmp_path), tmp_path / "out")
    assert result.code == 2
    assert time.monotonic() - started < 10
    lines = [line for line in result.stderr.splitlines() if line.startswith("fsrbench: ")]
    assert len(lines) == 1
    assert f"{tmp_path / 'out'} is being written by process {holder.pid} on " in lines[0]
    assert not (tmp_path / "out" / "summary.csv").exists()


@pytest.mark.skipif(os.name != "posix", reason="kills with a POSIX signal")
def test_killed_process_blocks_nobody(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "out" / LOCK).exists()
    assert run(people(tmp_path), tmp_path / "out").code == 0


def test_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    def fail() -> None:
        with only_writer(tmp_path):
            raise RuntimeError("made")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="made"):
            fail()


def test_lock_that_says_nothing_or_nonsense_is_one_line(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    for content in (b"", b"\xff\n" * 1000):
        (tmp_path / "out" / LOCK).write_bytes(content)
        with pytest.raises(UserError, match="is being written by") as caught, only_writer(tmp_path / "out"):
            pass
        assert len(str(caught.value).splitlines()) == 1
        assert len(str(caught.value)) < 500


def test_link_for_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out" / "cache").mkdir(parents=True)
    (tmp_path / "precious").write_text("old")
    (tmp_path / "out" / LOCK).symlink_to(tmp_path / "precious")
    run(people(tmp_path), tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "old"
