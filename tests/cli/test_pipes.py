"""Commands whose reader goes away, as ``head`` does: no word on standard error, and the exit code is the command's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from made import call, picture_files, run, write_files

pytestmark = pytest.mark.heavy  # whole runs


def unread(*arguments: object) -> tuple[int, str]:
    """Exit code and standard error of a command whose output nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        command = ["fsrbench", *map(str, arguments)]
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writer)
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["--help", "list weights", "table RUN", "compare RUN", "check RUN --against REF"])
def test_output_that_nobody_reads_is_no_error(command: str, finished: Path) -> None:
    words = [
        {"RUN": str(finished), "REF": str(finished / "reference.json")}.get(word, word) for word in command.split()
    ]
    assert unread(*words) == (0, "")


@pytest.mark.heavy
def test_a_failed_run_still_has_its_exit_code(tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    flags = ["--data", data, "--metrics", "psnr", "--out", tmp_path / "run", "--offline"]
    code, stderr = unread("run", "--methods", "bicubic,python:json:dumps", *flags)
    assert code == 1
    assert "roken pipe" not in stderr
    assert "Traceback" not in stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two methods, and a reference that it holds."""
    out = tmp_path_factory.mktemp("run")
    assert run("sample", out, "--limit", 6, "--metrics", "psnr", "--offline", methods="bicubic,nearest").code == 0
    call("check", out, "--against", out / "reference.json", "--update")
    return out
