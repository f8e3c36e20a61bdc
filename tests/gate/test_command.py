"""``fsrbench check`` as a shell sees it: exit codes, formats, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result
from made import call
from made.gate import MANIFEST, Values, made_run, psnr, save

from fsrbench.gate import command

VALUES: Values = {"psnr": {"ours": psnr()}, "params": {"ours": 0.7}}
WORSE: Values = {"psnr": {"ours": psnr() - 0.2}, "params": {"ours": 0.7}}


@pytest.fixture(autouse=True)
def _no_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return save(made_run(VALUES), tmp_path / "good")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return save(made_run(WORSE), tmp_path / "bad")


@pytest.fixture
def against(good: Path, tmp_path: Path) -> Path:
    path = tmp_path / "reference.json"
    assert call("check", good, "--against", path, "--update").exit_code == 0
    return path


def refused(result: Result, *reasons: str) -> None:
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert all(line.startswith("fsrbench: ") for line in lines)
    assert len(lines) == len(reasons)
    for line, reason in zip(lines, reasons, strict=True):
        assert reason in line


def test_0_where_it_holds(good: Path, against: Path) -> None:
    result = call("check", good, "--against", against)
    assert (result.exit_code, result.stdout) == (0, "holds: 2 holds\n")


def test_1_where_it_regressed(bad: Path, against: Path) -> None:
    result = call("check", bad, "--against", against)
    assert result.exit_code == 1
    assert result.stdout.startswith("regressed: ours, PSNR: ")


def test_2_where_it_cannot_be_compared(tmp_path: Path, against: Path) -> None:
    other = save(made_run(VALUES, task="x8", dataset=MANIFEST["dataset"] | {"sha256": "00" * 32}), tmp_path / "o")
    refused(call("check", other, "--against", against), "task differs: ", "data differs: ")


def test_2_without_a_reference(good: Path, tmp_path: Path) -> None:
    refused(call("check", good, "--against", tmp_path / "none.json"), "--update makes it from the run")


def test_2_without_a_run(tmp_path: Path, against: Path) -> None:
    refused(call("check", tmp_path / "none", "--against", against), "no such run folder")


def test_2_for_an_unknown_format(good: Path, against: Path) -> None:
    refused(call("check", good, "--against", against, "--format", "xml"), "unknown format 'xml'; known: text, junit,")


def test_2_for_a_file_that_cannot_be_written(good: Path, against: Path) -> None:
    refused(call("check", good, "--against", against, "--output", against / "x"), "cannot write")


@pytest.mark.parametrize("format", ["text", "junit", "github", "json"])
def test_formats_do_not_change_the_exit_code(good: Path, bad: Path, against: Path, format: str) -> None:
    assert call("check", good, "--against", against, "--format", format).exit_code == 0
    assert call("check", bad, "--against", against, "--format", format).exit_code == 1


def test_output_takes_the_format_and_the_text_is_printed(bad: Path, against: Path, tmp_path: Path) -> None:
    file = tmp_path / "new" / "gate.xml"
    result = call("check", bad, "--against", against, "--format", "junit", "--output", file)
    assert result.exit_code == 1
    assert result.stdout.startswith("regressed: ours")
    assert ElementTree.parse(file).getroot().get("failures") == "1"


def test_github_summary_is_appended(bad: Path, against: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    assert call("check", bad, "--against", against, "--format", "json").exit_code == 1
    assert file.read_text() == "before\n"
    assert call("check", bad, "--against", against, "--format", "github").stdout.startswith("::error title=")
    assert file.read_text().startswith("before\n### fsrbench check: ❌")


def test_github_annotates_a_refusal(tmp_path: Path, against: Path) -> None:
    other = save(made_run(VALUES, task="x8"), tmp_path / "o")
    result = call("check", other, "--against", against, "--format", "github")
    assert result.exit_code == 2
    assert result.stdout.startswith("::error title=fsrbench check%3A cannot be compared::task differs: ")


REFUSALS = {
    "other task": (["--against", "{against}"], "task differs"),
    "no reference": (["--against", "{tmp}/none.json"], "cannot be read"),
    "no run": (["--against", "{against}"], "no such run folder"),
}


@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("format", ["text", "junit", "github", "json"])
def test_a_refusal_replaces_the_file_of_an_earlier_check(
    good: Path, against: Path, tmp_path: Path, case: str, format: str
) -> None:
    file = tmp_path / "gate.out"
    assert call("check", good, "--against", against, "--format", format, "--output", file).exit_code == 0
    before = file.read_text(encoding="utf-8")
    run = save(made_run(VALUES, task="x8"), tmp_path / "o") if case == "other task" else good
    run = tmp_path / "none" if case == "no run" else run
    options, reason = REFUSALS[case]
    options = [option.format(against=against, tmp=tmp_path) for option in options]
    refused(call("check", run, *options, "--format", format, "--output", file), reason)
    content = file.read_text(encoding="utf-8")
    assert content != before
    assert reason in content
    if format == "junit":
        root = ElementTree.fromstring(content)
        assert (root.get("errors"), root.get("failures")) == ("1", "0")
        error = root.find("./testsuite/testcase/error")
        assert error is not None
        assert reason in (error.get("message") or "")
    if format == "json":
        parsed = json.loads(content)
        assert (parsed["exit_code"], parsed["findings"], len(parsed["errors"])) == (2, [], 1)


def test_what_ends_a_check_otherwise_removes_the_file(
    good: Path, against: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gate.xml"
    ok = ("check", good, "--against", against, "--format", "junit", "--output", file)
    assert call(*ok).exit_code == 0
    refused(call("check", good, "--against", against, "--format", "xml", "--output", file), "unknown format")
    assert not file.exists()
    assert call(*ok).exit_code == 0
    monkeypatch.setattr(command, "check", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call(*ok)
    assert not file.exists()


def test_the_reference_cannot_be_the_output(good: Path, against: Path) -> None:
    before = against.read_bytes()
    refused(call("check", good, "--against", against, "--output", against), "is the reference itself")
    assert against.read_bytes() == before


@pytest.mark.parametrize("format", ["junit", "json"])
def test_a_refusal_without_a_file_is_printed_in_the_format(tmp_path: Path, against: Path, format: str) -> None:
    result = call("check", tmp_path / "none", "--against", against, "--format", format)
    assert result.exit_code == 2
    assert "no such run folder" in result.stdout


def test_github_summary_has_the_refusal(tmp_path: Path, against: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    result = call("check", tmp_path / "none", "--against", against, "--format", "github")
    assert result.stdout.startswith("::error title=fsrbench check%3A cannot be compared::")
    assert "no such run folder" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_update_lists_the_changes_and_then_holds(bad: Path, against: Path) -> None:
    result = call("check", bad, "--against", against, "--update")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("ours, psnr: ")
    assert " -> " in result.stdout.splitlines()[0]
    assert "updated: 1 changes" in result.stdout
    assert call("check", bad, "--against", against).exit_code == 0


def test_update_refuses_a_failed_run_and_leaves_the_file(tmp_path: Path, against: Path) -> None:
    before = against.read_bytes()
    failed = save(made_run({**VALUES, "params": {"ours": {"status": "failed", "note": "x"}}}), tmp_path / "f")
    refused(call("check", failed, "--against", against, "--update"), "failed: ours (params)")
    assert against.read_bytes() == before


def test_update_may_change_what_must_be_the_same(tmp_path: Path, against: Path) -> None:
    other = save(made_run(VALUES, task="x8"), tmp_path / "o")
    assert "task: x4 -> x8" in call("check", other, "--against", against, "--update").stdout
    assert json.loads(against.read_text())["setup"]["task"] == "x8"


@pytest.mark.parametrize("seed", range(20))
def test_seed_of_the_tests_does_not_change_the_verdict(good: Path, bad: Path, against: Path, seed: int) -> None:
    assert call("check", good, "--against", against, "--seed", seed).exit_code == 0
    if seed < 3:
        assert call("check", bad, "--against", against, "--seed", seed).exit_code == 1


def test_check_is_quick_and_imports_no_torch(bad: Path, against: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fsrbench.gate.command import check_command;"
        f"code = check_command(Path({str(bad)!r}), Path({str(against)!r}));"
        "sys.exit(code + 10 * ('torch' in sys.modules) + 20 * ('matplotlib' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 1


def cpu_seconds(*arguments: object) -> float:
    """User and system time of a process, the least of three; other processes on the machine lengthen even that."""
    found = []
    for _ in range(3):
        before = os.times()
        subprocess.run([str(a) for a in arguments], check=True, capture_output=True)
        after = os.times()
        found.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(found)


@pytest.mark.heavy
def test_check_of_the_sample_takes_little_more_than_its_imports(tmp_path: Path) -> None:
    """A run of as many methods, metrics and images as the committed reference has; two seconds on a busy machine."""
    images = [f"p{i // 3:02}/{i % 3}" for i in range(96)]
    scores = {m: {k: psnr(i)[:48].repeat(2) for i, k in enumerate(("a", "b", "c"))} for m in ("psnr", "ssim")}
    more: Values = {**scores, "detection": scores["ssim"], "landmark_nme": scores["ssim"]}
    run = save(made_run(more, images=images), tmp_path / "run")
    against = tmp_path / "r.json"
    assert call("check", run, "--against", against, "--update").exit_code == 0
    imports = "import pandas, pyarrow.parquet, pydantic, typer, rich.console"
    checked = cpu_seconds(Path(sys.executable).with_name("fsrbench"), "check", run, "--against", against)
    assert checked < cpu_seconds(sys.executable, "-c", imports) + 0.8


def test_paths_that_are_not_text_are_written_as_they_are_read(tmp_path: Path) -> None:
    """Folders' names are bytes on Linux."""
    command.write_text(tmp_path / "out.json", '"cam\udcff"')
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8")) == "cam\udcff"
