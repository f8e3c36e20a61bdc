from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import call
from made.boards import result, write_bundle, write_verdict


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "a.zip", "a", [result({"psnr": np.arange(20.0)})])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.zip"], "nowhere.zip: no such file"),
        (["{folder}/empty"], "no bundle (*.zip) in this folder"),
        (["{folder}/text.zip"], "text.zip"),
        (["{folder}/a.zip", "--score", "x=psnr**2"], "is not allowed"),
        (["{folder}/a.zip", "--score", "x=lpips"], "--score x: no bundle has lpips"),
        (["{folder}/a.zip", "--score", "x=psnr", "--score", "x=psnr"], "same name"),
        (["{folder}/a.zip", "--out", "{folder}/full"], "holds other files; give --out a folder of its own"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, bundle: Path, arguments: list[str], reason: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    words = [word.replace("{folder}", str(tmp_path)) for word in arguments]
    done = call("board", *words, *([] if "--out" in words else ["--out", str(tmp_path / "out")]))
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_board_of_refuted_bundles_only_is_refused(tmp_path: Path, bundle: Path) -> None:
    write_verdict(bundle, "self-reported", verified=False, mismatches=["psnr: other"])
    done = call("board", str(bundle), "--out", str(tmp_path / "out"))
    assert (done.exit_code, done.stderr) == (2, "fsrbench: no bundle for the board: a.zip: not confirmed by fsrbench "
                                                "verify: psnr: other\n")  # fmt: skip


def test_hidden_files_of_a_folder_are_no_bundles(tmp_path: Path, bundle: Path) -> None:
    hidden = write_bundle(tmp_path / ".b.zip", "b", [result({"psnr": np.arange(20.0)})])
    write_verdict(hidden, "recomputed by running")  # a shell's *.zip, by which verify.sh goes, would not meet it
    done = call("board", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert "1 method, 1 track" in done.stdout


def test_left_out_bundles_are_reported(tmp_path: Path, bundle: Path) -> None:
    other = write_bundle(tmp_path / "b.zip", "b", [result({"psnr": np.arange(20.0)})])
    write_verdict(other, "self-reported", verified=False, mismatches=["psnr: other"])
    done = call("board", str(tmp_path), "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert "left out: b.zip: not confirmed by fsrbench verify: psnr: other" in done.stdout
    assert "1 method, 1 track" in done.stdout
