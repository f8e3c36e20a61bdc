"""Preference in a run's folder: read as a metric, held to the pictures that were judged, left alone by the gate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from made import call
from made.pages import picture
from made.raters import write_raters
from PIL import Image

from fsrbench.errors import UserError
from fsrbench.gate.checked import checked_numbers
from fsrbench.reports.page.render import render
from fsrbench.reports.plots.dots import draw_dots
from fsrbench.reports.tables.build import build_table
from fsrbench.runs.comparison import compare_run
from fsrbench.runs.data import RunData
from fsrbench.runs.pictures import PictureFolder
from fsrbench.runs.preference import FILE, JUDGED
from fsrbench.study.answers import Answers, read_answers
from fsrbench.study.judged import write_scores
from fsrbench.study.key import read_key
from fsrbench.study.make import Settings, make_study
from fsrbench.study.score import StudyScore, score_study

from .conftest import Study


@pytest.fixture(scope="module")
def scored(answers: Path, study: Study) -> tuple[Answers, StudyScore]:
    found = read_answers([answers], study.key_file)
    return found, score_study(found, draws=200)


@pytest.fixture
def folder(study: Study, tmp_path: Path) -> Path:
    """A copy of the run."""
    return Path(shutil.copytree(study.run.path, tmp_path / "run"))


@pytest.fixture
def judged(folder: Path, scored: tuple[Answers, StudyScore]) -> RunData:
    answers, score = scored
    write_scores(RunData.load(folder), answers.key, score)
    return RunData.load(folder)


def test_numbers_are_the_studys_with_interval_unit_and_direction(
    judged: RunData, scored: tuple[Answers, StudyScore]
) -> None:
    for question in scored[1].questions:
        info = judged.metric(question.question.metric)
        assert (info.title, info.unit, info.direction) == (question.question.title, "%", "higher")
        for method in question.methods:
            result = judged.result(method.method, info.name)
            assert result is not None
            assert result.ok
            assert (result.value, result.ci_low, result.ci_high) == (method.preference, method.ci_low, method.ci_high)
            assert result.n == method.n
            assert "of 20 raters on 8 images of 8 people; 1 rater set apart" in result.note


def test_tables_comparison_plot_and_page_show_it(judged: RunData, study: Study) -> None:
    table = build_table(judged, ["preference", "preference_identity"], intervals=True)
    cells = {row.name: row.cells[0].text for row in table.rows}
    result = judged.result("ours", "preference")
    assert result is not None
    assert cells["ours"] == f"{100 * result.value:.1f}"
    rows = {row.method: row for row in compare_run(judged, "bicubic", ["preference"])}
    assert rows["ours"].verdict == "better"
    assert rows["ours"].paired is None
    figure = draw_dots(judged)
    assert figure is not None
    assert "Preference (%) ↑" in [axes.get_title() for axes in figure.axes]
    page = render(judged)
    assert "Which picture is better?" in page
    assert f"; study {study.key.study[:12]}" in page


def test_other_files_of_the_run_are_as_they_were(judged: RunData, study: Study) -> None:
    for name in ("summary.csv", "manifest.json", "scores.parquet"):
        assert (judged.path / name).read_bytes() == (study.run.path / name).read_bytes()


def test_gate_holds_nothing_that_people_judge(judged: RunData, study: Study) -> None:
    assert repr(checked_numbers(judged, None)) == repr(checked_numbers(study.run, None))
    assert not {metric for _, metric in checked_numbers(judged, None)} & set(JUDGED)


def test_other_pictures_are_refused(folder: Path, scored: tuple[Answers, StudyScore]) -> None:
    answers, score = scored
    run = RunData.load(folder)
    image = answers.key.images[3]
    Image.fromarray(picture(7, 64)).save(PictureFolder(folder / "images").file("ours", image))
    with pytest.raises(UserError, match=rf"1 of 8 pictures of ours are not those that were judged \({image}\)"):
        write_scores(run, answers.key, score)
    assert not (folder / FILE).exists()


def test_run_without_a_judged_method_is_refused(folder: Path, scored: tuple[Answers, StudyScore]) -> None:
    answers, score = scored
    index = folder / "images" / "index.json"
    found = json.loads(index.read_text())
    del found["rows"]["scgan"]
    index.write_text(json.dumps(found))
    with pytest.raises(UserError, match="no pictures of scgan, which was judged"):
        write_scores(RunData.load(folder), answers.key, score)


def test_pictures_made_anew_since_make_it_invalid(judged: RunData) -> None:
    index = judged.path / "images" / "index.json"
    found = json.loads(index.read_text())
    found["rows"]["ours"]["key"] = "another"
    index.write_text(json.dumps(found))
    result = RunData.load(judged.path).result("bicubic", "preference")
    assert result is not None
    assert (result.status, result.note) == ("invalid", "pictures of ours are not those that were judged")


def test_method_that_was_not_in_the_study_says_so(judged: RunData) -> None:
    found = json.loads((judged.path / FILE).read_text())
    for metric in found["metrics"]:
        metric["rows"] = [row for row in metric["rows"] if row["method"] != "scgan"]
    (judged.path / FILE).write_text(json.dumps(found))
    result = RunData.load(judged.path).result("scgan", "preference")
    assert result is not None
    assert (result.status, result.note) == ("invalid", "not in the preference study")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a valid dictionary"),
        ('{"schema_version": 2, "study": "", "pictures": {}, "metrics": []}', "schema_version: must be 1"),
        ('{"study": "", "pictures": {}, "metrics": [{"name": "psnr"}]}', "metrics.0.name: "),
    ],
)
def test_a_broken_file_is_one_line(folder: Path, text: str, reason: str) -> None:
    (folder / FILE).write_text(text)
    found = call("table", folder)
    assert found.exit_code == 2
    assert found.stderr.startswith(f"fsrbench: {folder / FILE}: ")
    assert reason in found.stderr
    assert found.stderr.count("\n") == 1


def test_hr_may_be_judged_and_is_the_ceiling(folder: Path, tmp_path: Path) -> None:
    made = make_study(RunData.load(folder), tmp_path / "out", Settings(methods=("ours", "scgan", "hr"), pairs=6))
    write_raters(tmp_path / "out", read_key(made.key), 8, (0.0, -1.0, 3.0))
    answers = read_answers([tmp_path / "out"])
    write_scores(RunData.load(folder), answers.key, score_study(answers, draws=50))
    run = RunData.load(folder)
    results = {row: run.result(row, "preference") for row in run.rows}
    assert {row: result.status for row, result in results.items() if result} == {
        "bicubic": "invalid",
        "ours": "ok",
        "scgan": "ok",
        "hr": "ok",
    }
    assert results["hr"].value > results["ours"].value  # type: ignore[union-attr]
    assert "hr" not in run.methods


def test_run_that_is_asked_for_preference_says_who_to_ask(tmp_path: Path) -> None:
    found = call("run", "--methods", "bicubic", "--metrics", "preference", "--out", tmp_path / "run")
    assert found.exit_code == 2
    assert found.stderr == "fsrbench: preference: no run measures what people prefer; ask them: fsrbench study make\n"
