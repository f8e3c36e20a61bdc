"""The commands: exit codes, what they print and write, and no torch where no data are given."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made import bundles, call
from made.forgeries import Forged

from fsrbench.bundle.read import read_verdict
from fsrbench.bundle.schema import Level
from fsrbench.runs.data import RunData


def test_submit_then_verify(finished: RunData, tmp_path: Path) -> None:
    out = tmp_path / "bundles" / "mine.zip"
    done = call("submit", finished.path, "--method", "mine", "--out", out, "--with-images", "--year", 2026)
    assert done.exit_code == 0, done.output
    assert f"{out}: 1 result of mine" in done.stdout
    assert "24 pictures of the method and none of the data" in done.stdout
    assert list(out.parent.iterdir()) == [out]
    done = call("verify", out)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].startswith("self-reported: ")


def test_an_inconsistent_run_is_not_submitted(finished: RunData, tmp_path: Path) -> None:
    path = Path(shutil.copytree(finished.path, tmp_path / "run", ignore=shutil.ignore_patterns("cache", "images")))
    summary = (path / "summary.csv").read_text(encoding="utf-8")
    value = str(finished.result("mine", "psnr").value)  # type: ignore[union-attr]
    assert value in summary
    (path / "summary.csv").write_text(summary.replace(value, "99.5"), encoding="utf-8")
    done = call("submit", path, "--method", "mine", "--out", tmp_path / "mine.zip")
    assert done.exit_code == 2
    assert "do not agree with themselves: faces, x4, realworld: psnr: is 99.5, the mean of the scores " in done.stderr
    assert not (tmp_path / "mine.zip").exists()


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--out", "mine.tar"], "a bundle must be named NAME.zip"),
        (["--url", "javascript:x"], "paper.url: String should match pattern"),
        (["--card", "none.md"], "none.md: cannot be read"),
        (["--title", "red\x1b[31m"], "method.title: contains an unprintable character"),
    ],
)
def test_what_cannot_be_is_one_line(flags: list[str], line: str, finished: RunData, tmp_path: Path) -> None:
    done = call("submit", finished.path, "--method", "mine", "--out", tmp_path / "mine.zip", *flags)
    assert done.exit_code == 2
    assert line in done.stderr
    assert not (tmp_path / "mine.zip").exists()


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    done = call("submit", tmp_path / "run", "--method", "mine")
    assert done.exit_code == 2
    assert "is not a finished run: no scores.parquet" in done.stderr


def test_a_verdict_is_written_beside_the_bundle(bundle: Path, faces: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(bundle, tmp_path))
    verdict = tmp_path / "mine.zip.verdict.json"
    assert call("verify", copy, "--data", faces, "--device", "cpu", "--out", verdict).exit_code == 0
    found = read_verdict(copy)
    assert found is not None
    assert found.verified
    assert found.level is Level.PICTURES
    forged = Forged(copy)
    forged.row("psnr")["value"] += 1
    forged.write(copy)
    assert read_verdict(copy) is None  # it is of other bytes
    assert call("verify", copy, "--out", verdict).exit_code == 1
    found = read_verdict(copy)
    assert found is not None
    assert not found.verified
    assert found.mismatches[0].startswith("faces, x4, realworld: psnr: ")
    copy.write_bytes(b"")
    assert call("verify", copy, "--out", verdict).exit_code == 2
    assert not verdict.exists()


@pytest.mark.heavy
def test_a_registered_method_is_run_where_there_are_no_pictures(finished: RunData, faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "bicubic.zip"
    call("submit", finished.path, "--method", "bicubic", "--out", out)
    done = call("verify", out, "--data", faces, "--device", "cpu", "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["level"] == "recomputed by running"
    assert found["results"][0]["recomputed"] == ["psnr", "ssim", "consistency", "params"]
    forged = Forged(out)
    forged.result["weights"]["sha256"] = forged.manifest["methods"]["bicubic"]["weights_sha256"] = "a" * 64
    done = call("verify", forged.write(out), "--data", faces, "--device", "cpu")
    assert done.exit_code == 1
    assert f"weights.sha256 is '{'a' * 64}', in the new run None" in done.stdout
    done = call("verify", forged.write(out), "--data", faces, "--device", "cpu", "--method", "lanczos")
    assert done.exit_code == 1
    assert "psnr by running: the scores of 24 of 24 images differ" in done.stdout


def test_where_nothing_can_be_compared_the_exit_code_says_so(finished: RunData, faces: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.zip"
    call("submit", finished.path, "--method", "mine", "--out", out)
    done = call("verify", out, "--data", faces)
    assert done.exit_code == 2
    assert "the bundle holds no pictures, and mine is not installed here; --method names one to run" in done.stderr
    assert "nothing could be recomputed with --data" in done.stderr


def test_formats(bundle: Path, finished: RunData, tmp_path: Path) -> None:
    found = json.loads(call("verify", bundle, "--format", "json").stdout)
    assert (found["exit_code"], found["level"], found["counts"]["mismatch"]) == (0, "self-reported", 0)
    forged = Forged(bundle)
    forged.row("psnr")["value"] += 1
    path = forged.write(tmp_path / "forged.zip")
    done = call("verify", path, "--format", "junit", "--output", tmp_path / "verify.xml")
    assert done.exit_code == 1
    assert done.stdout.startswith("mismatch: faces, x4, realworld: psnr: is ")
    root = ElementTree.parse(tmp_path / "verify.xml").getroot()
    failures = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert set(failures) == {"psnr"}
    assert int(root.get("failures", "")) == len(failures)
    path.write_bytes(b"no zip")
    for format, text in (("json", '"exit_code": 2'), ("junit", "cannot be compared")):
        done = call("verify", path, "--format", format)
        assert done.exit_code == 2
        assert text in done.stdout
        assert "is neither a folder nor a readable zip" in done.stderr


def test_hostile_bundles_end_with_code_2(bundle: Path, tmp_path: Path) -> None:
    hostile = {
        "truncated": bundle.read_bytes()[:-100],
        "traversal": bundles.write(tmp_path / "t.zip", {"../../evil.png": b"x"}).read_bytes(),
        "future": bundles.write(tmp_path / "f.zip", schema_version=2).read_bytes(),
    }
    lines = {"truncated": "cut short", "traversal": "leads out of the bundle", "future": "update fsrbench"}
    for name, data in hostile.items():
        (tmp_path / "bad.zip").write_bytes(data)
        done = call("verify", tmp_path / "bad.zip")
        assert done.exit_code == 2
        assert lines[name] in done.stderr
        assert done.stderr.count("\n") == 1


def test_verifying_without_data_needs_no_torch(bundle: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from fsrbench.bundle.command import verify_command
assert verify_command(Path({str(bundle)!r})) == 0
assert "torch" not in sys.modules, "torch"
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_method_needs_data(bundle: Path) -> None:
    done = call("verify", bundle, "--method", "bicubic")
    assert done.exit_code == 2
    assert "--method needs --data SRC" in done.stderr


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--out", "mine.zip"], "--out mine.zip: that is the bundle itself; name another file"),
        (["--output", "../here/mine.zip"], "that is the bundle itself; name another file"),
        (["--out", "v.json", "--output", "./v.json"], "--output v.json: that is the file of --out; name another file"),
    ],
)
def test_no_file_is_written_over_the_bundle_or_another(
    flags: list[str], line: str, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    held = Path("mine.zip")
    held.write_bytes(bundle.read_bytes())
    done = call("verify", held, *flags)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert line in done.stderr
    assert held.read_bytes() == bundle.read_bytes()
    assert [path.name for path in Path().iterdir()] == ["mine.zip"]
