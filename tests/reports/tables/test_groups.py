"""Tables of ``--by``: what their cells say, in every format, and through the commands."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from made import call
from made.grouped import IMAGES, labels, write_grouped, write_labels
from made.latex import needs_latex, typeset

from fsrbench.reports.tables import groups as table
from fsrbench.runs.by_group import by_group
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return write_grouped(tmp_path_factory.mktemp("grouped") / "run")


@pytest.fixture(scope="module")
def markdown(run: RunData) -> str:
    found = call("table", run.path, "--by", "sex,town")
    assert found.exit_code == 0
    return found.stdout


def test_a_table_for_each_column_with_the_worst_group(markdown: str) -> None:
    assert "**By sex**" in markdown
    assert "| Metric | Method | female (20) | male (20) | Gap | p (Holm) | Worst |" in markdown
    (line,) = [line for line in markdown.splitlines() if line.startswith("|  | unfair") and line.endswith("| male |")][
        :1
    ]
    cells = [cell.strip() for cell in line.split("|")]
    assert cells[3].startswith("25.") or cells[3].startswith("24.")
    assert float(cells[5]) > 1
    assert "| a (18) | b (18) | few (4)° |" in markdown
    assert "°: fewer than 10 people, not ranked." in markdown
    assert "Not by group, for they have no scores of images: fid." in markdown
    assert "not why" in markdown


def test_differences_without_a_direction_name_the_highest(markdown: str) -> None:
    assert "| differ; highest: male |" in markdown


def test_csv_has_a_row_for_each_group_in_the_files_units(run: RunData) -> None:
    found = call("table", run.path, "--by", "sex", "--format", "csv", "--columns", "psnr,detection")
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert tuple(rows[0]) == table.COLUMNS
    assert [(row["metric"], row["method"], row["group"]) for row in rows[:3]] == [
        *(("psnr", "plain", "female"), ("psnr", "plain", "male")),
        ("psnr", "unfair", "female"),
    ]
    (men,) = [row for row in rows if (row["metric"], row["method"], row["group"]) == ("detection", "unfair", "male")]
    assert 0 < float(men["value"]) < 1
    assert (men["worst"], men["ranked"], men["people"]) == ("male", "True", "20")


@needs_latex
def test_latex_compiles_and_has_the_cells_of_markdown(run: RunData, markdown: str, tmp_path: Path) -> None:
    odd = "a_b & 50%"
    file = write_labels(tmp_path / "g.csv", {odd: {image: "<x_y>" if "0/" in image else "z" for image in IMAGES}})
    options = ("--groups", file, "--by", f"sex,{odd}", "--min-people", 2, "--format", "tex")
    found = call("table", run.path, *options)
    assert found.exit_code == 0
    assert typeset(found.stdout, tmp_path) == []
    assert found.stdout.count(r"\begin{table*}") == 2
    assert re.search(r"plain & \$-\$0\.\d {\\scriptsize \[\$-\$0", found.stdout)
    row = next(line for line in markdown.splitlines() if "| unfair |" in line)
    value, interval = row.split(" | ")[2].replace("\\", "").split(" ", 1)
    assert f"unfair & {value} {{\\scriptsize {interval}}} & " in found.stdout


def test_html_escapes_and_text_is_aligned(run: RunData, tmp_path: Path) -> None:
    strange = write_labels(tmp_path / "g.csv", {"<b>": {image: "<i>" if "0/" in image else "&" for image in IMAGES}})
    found = call("table", run.path, "--groups", strange, "--by", "<b>", "--format", "html", "--min-people", 2)
    assert found.exit_code == 0
    assert "&lt;i&gt; (" in found.stdout
    assert "<i>" not in found.stdout
    assert "<b>" not in found.stdout
    text = call("table", run.path, "--by", "sex", "--format", "terminal", "--columns", "psnr").stdout.splitlines()
    assert text[0] == "By sex"
    assert text[1].index("Gap") + 3 == text[2].index("  ", text[2].rindex("]") + 3)


def test_comparison_by_group(run: RunData) -> None:
    found = call("compare", run.path, "--to", "plain", "--by", "sex", "--columns", "psnr", "--format", "md")
    assert found.exit_code == 0
    (line,) = [line for line in found.stdout.splitlines() if "unfair − plain" in line]
    assert line.rstrip(" |").endswith("male")
    assert "| −1." in line
    assert "mean difference of the two methods' scores" in found.stdout


def test_labels_given_for_a_run_that_has_none(tmp_path: Path) -> None:
    plain = write_grouped(tmp_path / "run", groups=False)
    file = write_labels(tmp_path / "g.csv", {"sex": labels()["sex"]})
    found = call("table", plain.path, "--groups", file, "--columns", "psnr")
    assert found.exit_code == 0
    assert "**By sex**" in found.stdout


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--by", "skin"], "unknown column of labels 'skin'; known: age, expression, sex, town"),
        (["--by", "age:45,30"], "edges must increase"),
        (
            ["--by", "sex", "--min-people", "30"],
            "too few people: sex has female 20, male 20; two groups of 30 are needed",
        ),
        (["--by", "sex", "--groups", "nowhere.csv"], "nowhere.csv: cannot be read: No such file"),
        (["--by", "sex", "--format", "docx"], "unknown format with --by 'docx'; known: md, tex, csv, html, text"),
        (["--by", "sex", "--published"], "--by cannot be combined with --sweep, --standalone or --published"),
        (["--by", "sex", "--columns", "fid"], "fid: no scores of images"),
        (["--classifier", "onnx:a.onnx"], "--classifier needs --by COLUMN"),
        (["--by", "sex", "--classifier", "onnx:a.onnx"], "onnx:a.onnx: a.onnx does not exist"),
        (["--by", "sex", "--classifier", "what"], "write python:pkg.module:Name or onnx:FILE"),
        (["--by", "sex", "--classifier", "onnx:a", "--format", "csv"], "--classifier needs --format md"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(run: RunData, options: list[str], reason: str) -> None:
    found = call("table", run.path, *options)
    assert found.exit_code == 2
    assert reason in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("image,sex\np00/neutral,f\np00/neutral.png,m\n", "line 3: p00/neutral appears twice"),
        ("image,sex,sex\np00/neutral,f,m\n", "column sex appears twice"),
        ("image,sex\nsomebody,f\n", "none of its 1 lines names an image of the data"),
        ("who,sex\nsomebody,f\n", "the first line must be image and the names of the columns"),
    ],
)
def test_files_of_labels_that_cannot_be_used(run: RunData, tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "g.csv").write_text(text)
    found = call("table", run.path, "--by", "sex", "--groups", tmp_path / "g.csv")
    assert (found.exit_code, len(found.stderr.strip().splitlines())) == (2, 1)
    assert reason in found.stderr


def test_two_runs_have_no_table_by_group(run: RunData) -> None:
    found = call("table", run.path, f"again={run.path}", "--by", "sex")
    assert "--by takes one run" in found.stderr


@pytest.mark.heavy  # draws all plots of a run: matplotlib takes seconds
def test_a_page_and_a_plot_show_the_groups(run: RunData) -> None:
    assert call("plot", run.path).exit_code == 0
    assert (run.path / "plots" / "groups.png").stat().st_size > 10_000
    assert call("report", run.path).exit_code == 0
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert '<a href="#groups">' in page
    assert "female (20)" in page
    assert "Plot: By group" in page


@pytest.mark.parametrize("alike", [("Male", "male"), ("1", "1.0")])
def test_a_remark_on_labels_that_differ_in_writing_alone(run: RunData, alike: tuple[str, str]) -> None:
    images = list(run.images["image"])
    labels = {"sex": {image: (*alike, "2")[place % 3] for place, image in enumerate(images)}}
    rows = by_group(run, groupings(labels, "sex"), ["psnr"])
    assert table.remarks(run, rows, labels, []) == [
        f"Labels in sex that are equal but for their writing are groups of their own: {', '.join(alike)}."
    ]


def test_a_remark_on_images_without_a_label_or_a_person(run: RunData) -> None:
    rows = by_group(run, groupings(run.labels, "age:38"), ["psnr"])
    nobody = RunData(run.path, run.scores, run.summary, run.manifest, images=run.images.assign(identity=None))
    assert table.remarks(nobody, rows, run.labels, []) == [
        "2 images of 80 without a label in age: in none of its groups.",
        "Nobody is named in the data: each image counts as a person.",
    ]
