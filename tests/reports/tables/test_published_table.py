"""What papers reported, beside the measured table: marked, never ranked, and the measured table unchanged."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser

import pytest
from made.latex import needs_latex, typeset

from fsrbench.reports.tables import published_table
from fsrbench.reports.tables.published import load_published
from fsrbench.reports.tables.published_table import published_table as build
from fsrbench.reports.tables.render import render

FORMATS = ["md", "tex", "csv", "html"]
ROWS = """
- paper: {cite: Kim & Co 2019, authors: A, title: "50 % of <b>faces</b>_1 # $x {y}", venue: BMVC, year: 2019}
  task: x4
  sizes: 16 to 64
  lr: area_average
  protocol: RGB
  source: Table 2
  status: verified
  rows:
    - {method: a_net, dataset: Celeb_A & Co, values: {psnr: 99.90 dB, ssim: 0.9990, mos: 3.7}}
    - {method: only_y, dataset: Helen, values: {psnr_y: 98.00 dB}}
    - {method: only_mos, dataset: Helen, values: {mos: 3.5}}
- paper: {cite: Li 2024, authors: B, title: More, venue: MM}
  task: x4
  sizes: 16 to 64
  lr: not stated
  source: a quotation
  status: unverified
  rows:
    - {method: quoted, dataset: FFHQ, values: {psnr: 97 dB, detection: 99.99 %}}
- paper: {cite: Eight 2020, authors: C, title: Eight, venue: CVPR}
  task: x8
  sizes: 16 to 128
  lr: not stated
  source: Table 1
  status: verified
  rows:
    - {method: eightfold, dataset: FFHQ, values: {psnr: 96.00 dB}}
"""


@pytest.fixture(autouse=True)
def _rows(tmp_path, monkeypatch):
    path = tmp_path / "published.yaml"
    path.write_text(ROWS, encoding="utf-8")
    monkeypatch.setattr(published_table, "load_published", lambda: load_published(path))


@pytest.fixture
def run(make_run):
    return make_run({"psnr": {"a": (20.0, 19.9, 20.1), "b": 21.0}, "detection": {"a": 0.9, "b": 0.8, "hr": 0.99}})


def table_of(run):
    return build(run, [run.metric(name) for name in run.metrics])


def texts(table):
    return {row.method: [cell.text for cell in row.cells] for row in table.rows}


class TestModel:
    def test_rows_of_the_task_with_a_metric_of_the_run(self, run):
        table = table_of(run)
        assert [column.metric.label for column in table.columns] == ["PSNR (dB) ↑", "PSNR-Y (dB) ↑", "Detection (%) ↑"]
        assert texts(table) == {
            "a_net": ["99.90†", "–", "–"],
            "only_y": ["–", "98.00†", "–"],
            "quoted": ["97‡", "–", "99.99‡"],
        }

    def test_of_another_task(self, make_run):
        table = table_of(make_run({"psnr": {"a": 20.0}}, task="x8"))
        assert texts(table) == {"eightfold": ["96.00†"]}
        assert "‡" not in table.legend

    def test_nothing_is_ranked(self, run):
        table = table_of(run)
        assert {cell.mark for row in table.rows for cell in row.cells} == {""}
        assert "not ranked, not comparable" in table.facts

    def test_one_source_per_paper_noted_at_its_methods(self, run):
        table = table_of(run)
        assert [row.notes for row in table.rows] == [(1,), (1,), (2,)]
        assert len(table.footnotes) == 2
        assert table.footnotes[1] == (
            "Li 2024 (unverified): More, MM. Sizes in px: 16 to 64. LR: not stated. Protocol: not stated. "
            "Read in: a quotation"
        )

    def test_psnr_on_y_is_not_doubled_and_not_asked_for_by_others(self, run):
        psnr = run.metric("psnr")
        on_y = published_table.replace(psnr, name="psnr_y", title="PSNR-Y")
        assert [column.metric.name for column in build(run, [on_y, psnr]).columns] == ["psnr_y", "psnr"]
        assert [column.metric.name for column in build(run, [run.metric("detection")]).columns] == ["detection"]

    def test_another_unit_than_the_column_has_is_written_out(self, run):
        fraction = published_table.replace(run.metric("detection"), unit="")
        assert texts(build(run, [fraction]))["quoted"] == ["99.99 %‡"]


@pytest.mark.parametrize("format", ["md", "tex", "html"])
@pytest.mark.parametrize("intervals", [False, True])
def test_the_measured_table_stays_as_it_was(run, format, intervals):
    alone = render(run, format, intervals=intervals)
    both = render(run, format, intervals=intervals, published=True)
    assert both.startswith(alone)
    second = both.removeprefix(alone)
    assert "99.90" in second
    assert not re.search(r"\*\*\d|<b>\d|<u>|textbf|underline", second), "a published number is ranked"


@pytest.mark.parametrize("intervals", [False, True])
def test_csv_keeps_the_measured_rows_and_tells_the_status(run, intervals):
    alone = list(csv.reader(render(run, "csv", intervals=intervals).splitlines()))
    both = list(csv.reader(render(run, "csv", intervals=intervals, published=True).splitlines()))
    width = len(alone[0])
    assert [row[:width] for row in both[: len(alone)]] == alone
    assert {len(row) for row in both} == {len(both[0])}
    rows = [dict(zip(both[0], row, strict=True)) for row in both[1:]]
    assert [row["Status"] for row in rows] == ["measured"] * 3 + ["verified", "verified", "unverified"]
    assert [row["PSNR (dB)"] for row in rows[3:]] == ["99.90", "", "97"]
    assert [row["PSNR-Y (dB)"] for row in rows] == ["", "", "", "", "98.00", ""]
    assert [row["Detection (%)"] for row in rows[3:]] == ["", "", "99.99"]
    assert rows[3]["Reported by"] == "Kim & Co 2019"
    assert rows[3]["Data"] == "Celeb_A & Co"
    assert rows[5]["Source"] == "More, MM; read in: a quotation"
    assert rows[0]["Source"] == ""


def test_markdown(run):
    second = render(run, "md", published=True).removeprefix(render(run, "md")).splitlines()
    assert second[:6] == [
        "",
        "**Published numbers, as papers report them**",
        "",
        "| Method | Reported by | Data | PSNR (dB) ↑ | PSNR-Y (dB) ↑ | Detection (%) ↑ |",
        "| :--- | :--- | :--- | ---: | ---: | ---: |",
        "| a_net<sup>1</sup> | Kim & Co 2019 | Celeb_A & Co | 99.90† | – | – |",
    ]


def test_latex(run):
    second = render(run, "tex", published=True).removeprefix(render(run, "tex"))
    assert r"a\_net$^{1}$ & Kim \& Co 2019 & Celeb\_A \& Co & 99.90$^\dagger$ & {--} & {--} \\" in second
    assert r"quoted$^{2}$ & Li 2024 & FFHQ & 97$^\ddagger$ & {--} & 99.99$^\ddagger$ \\" in second
    assert r"50 \% of \textless{}b\textgreater{}faces\textless{}/b\textgreater{}\_1 \# \$x \{y\}" in second
    assert r"\begin{tabular}{@{}lllrrr@{}}" in second
    assert r"\label{tab:fsrbench-sample-x4-realistic-published}" in second
    assert second.count("{") - second.count(r"\{") == second.count("}") - second.count(r"\}")
    body = second[second.index(r"\toprule") : second.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert all(row.replace(r"\&", "").count("&") == 5 for row in rows)


@needs_latex
def test_latex_compiles(run, tmp_path):
    assert typeset(render(run, "tex", published=True), tmp_path) == []


class Tags(HTMLParser):
    """Counts the cells of each row, and fails on a tag that closes another one than it should."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.cells = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.cells.append(0)
        if tag in ("td", "th"):
            self.cells[-1] += 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html(run):
    second = render(run, "html", published=True).removeprefix(render(run, "html"))
    tags = Tags()
    tags.feed(second)
    assert tags.open == []
    assert tags.cells == [6, 6, 6, 6]
    assert "50 % of &lt;b&gt;faces&lt;/b&gt;_1" in second
    assert '<th scope="row">a_net<sup>1</sup></th><td>Kim &amp; Co 2019</td>' in second


@pytest.mark.parametrize(("format", "start"), [("md", "Published"), ("tex", "% Published"), ("html", "<p>Published")])
def test_no_row_that_fits_is_one_line(make_run, format, start):
    run = make_run({"kid": {"a": 1.0, "b": 2.0}, "niqe": {"a": 1.0, "b": 2.0}})
    second = render(run, format, published=True).removeprefix(render(run, format)).strip()
    assert second.startswith(f"{start} rows: none for task x4 with kid, niqe.")
    assert "\n" not in second


def test_no_row_that_fits_in_csv(make_run):
    rows = list(csv.reader(render(make_run({"kid": {"a": 1.0}}), "csv", published=True).splitlines()))
    assert [row[:3] for row in rows] == [["Method", "KID", "Status"], ["a", "1.000", "measured"]]


def test_columns_choose_for_both_tables(run):
    second = render(run, "md", ["detection"], published=True).removeprefix(render(run, "md", ["detection"]))
    assert "| Method | Reported by | Data | Detection (%) ↑ |" in second
    assert "a_net" not in second


@pytest.mark.parametrize("format", FORMATS)
def test_a_metric_that_could_not_be_measured_is_still_reported(make_run, format):
    gone = {"status": "unavailable", "note": "no weights"}
    run = make_run({"psnr": {"a": 20.0}, "detection": {"a": gone}})
    assert "99.99" in render(run, format, published=True)


@pytest.mark.parametrize("format", FORMATS)
def test_not_asked_for_it_is_not_there(run, format):
    assert "99.90" not in render(run, format)
