"""``fsrbench study``: formats, files, one line for what is wrong, and no torch."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from made import call

from .conftest import Study


def test_make_prints_the_page_and_says_what_the_files_are(study: Study, tmp_path: Path) -> None:
    found = call("study", "make", study.run.path, "--out", tmp_path, "--pairs", 6, "--methods", "ours,scgan")
    assert (found.exit_code, found.stdout) == (0, f"{tmp_path / 'study.html'}\n")
    assert "2 methods on 8 images of 8 people; each rater answers 26 pairs: 6 for each of two questions" in found.stderr
    assert f"{tmp_path / 'key.json'}: which picture is of which method; not for raters" in found.stderr
    assert f"fsrbench study score {tmp_path} --run {study.run.path}" in found.stderr


def test_score_as_text_markdown_csv_and_json(study: Study, answers: Path, tmp_path: Path) -> None:
    def shown(format: str, *more: object) -> str:
        found = call("study", "score", answers, "--key", study.key_file, "--format", format, *more)
        assert found.exit_code == 0, found.output
        return found.stdout

    record = json.loads(shown("json"))
    frame = pd.read_csv(StringIO(shown("csv")))
    best = record["questions"][0]["methods"][0]
    assert (best["method"], record["schema_version"], len(record["raters"])) == ("ours", 1, 21)
    row = frame[(frame["question"] == "better") & (frame["method"] == "ours")].iloc[0]
    assert row["preference"] == pytest.approx(best["preference"])
    assert row["metric"] == "preference"
    text = shown("text", "--output", tmp_path / "scores.txt")
    assert text == (tmp_path / "scores.txt").read_text()
    assert f"ours              {100 * best['preference']:.1f}" in text
    assert "Set apart: random 1: HR preferred in" in text
    assert f"| ours | {100 * best['preference']:.1f} |" in shown("md")


def test_score_writes_into_a_run(study: Study, answers: Path, tmp_path: Path) -> None:
    import shutil

    run = shutil.copytree(study.run.path, tmp_path / "run")
    found = call("study", "score", answers, "--key", study.key_file, "--run", run)
    assert found.exit_code == 0
    assert "preference is in the run's tables" in found.stderr
    table = call("table", run, "--columns", "preference,preference_identity")
    assert "Preference (%) ↑" in table.stdout
    assert "Same person (%) ↑" in table.stdout


def test_metrics_in_every_format(study: Study, answers: Path) -> None:
    outputs = {}
    for format in ("text", "md", "csv", "json"):
        found = call("study", "metrics", study.run.path, answers, "--key", study.key_file, "--format", format)
        assert found.exit_code == 0, found.output
        outputs[format] = found.stdout
    record = json.loads(outputs["json"])
    metrics = {each["metric"]: each for each in record["questions"][0]["metrics"]}
    assert set(metrics) == {"psnr", "niqe", "kid", "latency_ms"}
    assert metrics["kid"]["kendall"] is None
    frame = pd.read_csv(StringIO(outputs["csv"])).set_index(["question", "metric"])
    assert frame.loc[("better", "psnr"), "agreement"] == pytest.approx(metrics["psnr"]["agreement"])
    assert "of 3 methods" not in outputs["text"]
    assert "3 methods can give is 0.33: too few methods to tell." in " ".join(outputs["text"].split())
    assert "no per-image scores" in outputs["md"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["make", "nowhere", "--out", "x"], "nowhere: no such run folder"),
        (["make", "RUN", "--out", "x", "--questions", "colour"], "unknown questions 'colour'; known: both, better"),
        (["make", "RUN", "--out", "x", "--methods", "ours"], "at least two methods"),
        (["score", "nowhere.json"], "nowhere.json: cannot be read"),
        (["score", "ANSWERS"], "key.json: no such file; give the study's key with --key"),
        (["score", "ANSWERS", "--key", "KEY", "--format", "xml"], "unknown format 'xml'"),
        (["score", "ANSWERS", "--key", "KEY", "--run", "nowhere"], "nowhere: no such run folder"),
        (["metrics", "RUN", "nowhere"], "nowhere: cannot be read"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_what_is_wrong_is_one_line_and_code_2(
    study: Study, answers: Path, words: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = {"RUN": str(study.run.path), "ANSWERS": str(answers), "KEY": str(study.key_file)}
    found = call("study", *(names.get(word, word) for word in words))
    assert found.exit_code == 2
    assert found.stdout == ""
    assert found.stderr.startswith("fsrbench: ")
    assert reason in found.stderr
    assert found.stderr.count("\n") == 1


@pytest.mark.heavy
def test_nothing_here_needs_torch(study: Study, answers: Path, tmp_path: Path) -> None:
    code = """
import json, sys
from typer.testing import CliRunner
from fsrbench.cli.app import app
commands = json.loads(sys.argv[1])
print(json.dumps([[CliRunner().invoke(app, words).exit_code, "torch" in sys.modules] for words in commands]))
"""
    key = ["--key", str(study.key_file)]
    commands = [
        ["study", "make", str(study.run.path), "--out", str(tmp_path), "--pairs", "6"],
        ["study", "score", str(answers), *key],
        ["study", "metrics", str(study.run.path), str(answers), *key],
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(commands)], check=True, capture_output=True, text=True
    )
    assert json.loads(done.stdout) == [[0, False]] * 3
