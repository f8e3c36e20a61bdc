"""Markdown, LaTeX, CSV, HTML and the terminal have the same content, each in its own form."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from fsrbench.files import markdown as table_markdown
from fsrbench.reports.tables.latex import to_latex as table_latex
from fsrbench.reports.tables.render import render, terminal_table, write_tables

CLASS = "python:my_pkg.mod:__Net__"


@pytest.fixture
def run(make_run):
    """Three methods, a ceiling, a footnote of each kind and a metric left out."""
    few = {"status": "invalid", "note": "needs 1000 images"}
    return make_run(
        {
            "psnr": {CLASS: (20.0, 19.9, 20.1), "b": (22.0, 21.9, 22.1), "c": (21.0, 20.9, 21.1)},
            "niqe": {CLASS: 5.0, "b": {"status": "failed", "note": "a_b & 50 % {x} <y>"}, "c": 6.0, "hr": 3.0},
            "detection": {CLASS: (0.91, 0.9, 0.92), "b": (0.925, 0.921, 0.929), "c": (0.89, 0.881, 0.899), "hr": 0.999},
            "kid": {CLASS: few, "b": few, "c": few},
        }
    )


class TestMarkdown:
    def test_rows(self, run):
        lines = render(run, "md").splitlines()
        assert lines[:6] == [
            "| Method | PSNR (dB) ↑ | NIQE ↓ | Detection (%) ↑ |",
            "| :--- | ---: | ---: | ---: |",
            r"| python:my_pkg.mod:\_\_Net\_\_ | 20.00 | **5.00** | <u>91.0</u> |",
            "| b | **22.00** | –<sup>1</sup> | **92.5** |",
            "| c | <u>21.00</u> | <u>6.00</u> | 89.0 |",
            "| *hr* | – | *3.00* | *99.9* |",
        ]

    def test_below(self, run):
        text = render(run, "md")
        assert "- [1] b (NIQE) failed: a_b & 50 % {x} &lt;y>\n" in text
        assert "- KID invalid: needs 1000 images\n" in text
        assert "- PSNR (n = 20): how psnr is computed\n" in text
        assert "Dataset sample; n = 20; task x4; degradation realistic. Best in bold" in text

    @pytest.mark.parametrize(
        ("text", "expected"), [("a|b", r"a\|b"), ("*x*", r"\*x\*"), ("_x_", r"\_x\_"), ("snake_case", "snake_case")]
    )
    def test_escape(self, text, expected):
        assert table_markdown.escape(text) == expected


class TestLatex:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a_b", r"a\_b"),
            ("50 % & #1 $x {y}", r"50 \% \& \#1 \$x \{y\}"),
            ("a\\b^c~d", r"a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d"),
            ("↑ ± – é", r"$\uparrow$ $\pm$ -- é"),
            ("日", r"\fsrchar{65E5}{日}"),
        ],
    )
    def test_escape(self, text, expected):
        assert table_latex.escape(text) == expected

    def test_structure(self, run):
        text = render(run, "tex")
        for command in (r"\toprule", r"\bottomrule", r"\caption{", r"\label{tab:fsrbench-sample-x4-realistic}"):
            assert text.count(command) == 1, command
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
        body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert all(row.replace(r"\&", "").count("&") == 3 for row in rows)
        columns = re.search(r"\\begin{tabular}{@{}l(.*)@{}}", text)[1]
        assert re.findall(r"S\[table-format=(.*?)\]", columns) == ["2.2", "1.2", "2.1"]
        # The ceiling stands between the second rule and the bottom
        assert body.count(r"\midrule") == 2
        assert r"\textit{hr} & {--} & 3.00 & 99.9 \\" in body[body.rindex(r"\midrule") :]

    def test_marks(self, run):
        text = render(run, "tex")
        assert r"b & \bfseries 22.00 & {--\rlap{$^{1}$}} & \bfseries 92.5 \\" in text
        assert r"c & 21.00{\fsrsecond{21.00}} & 6.00{\fsrsecond{6.00}} & 89.0 \\" in text
        assert r"b (NIQE) failed: a\_b \& 50 \% \{x\} \textless{}y\textgreater{}" in text

    def test_a_minus_has_room_in_its_column(self, make_run):
        text = render(make_run({"niqe": {"a": -1.0, "b": 12.0}}), "tex")
        assert "S[table-format=-2.2]" in text
        assert r"a & \bfseries -1.00 \\" in text

    def test_intervals_are_columns_of_their_own(self, run):
        text = render(run, "tex", intervals=True)
        assert r"S[table-format=2.2]@{\,}l" in text
        assert r"\bfseries 22.00 & {\scriptsize $\pm$ 0.10}" in text
        assert r"\multicolumn{2}{c}{PSNR}" in text


class TestCsv:
    def test_numbers_without_marks_and_every_asked_column(self, run):
        rows = list(csv.reader(render(run, "csv").splitlines()))
        assert rows[0] == ["Method", "PSNR (dB)", "NIQE", "Detection (%)", "KID"]
        assert rows[1] == [CLASS, "20.00", "5.00", "91.0", ""]
        assert rows[2] == ["b", "22.00", "", "92.5", ""]
        assert rows[4] == ["hr", "", "3.00", "99.9", ""]

    def test_intervals_are_columns(self, run):
        rows = list(csv.reader(render(run, "csv", ["psnr"], intervals=True).splitlines()))
        assert rows[0] == ["Method", "PSNR (dB)", "PSNR (dB) low", "PSNR (dB) high"]
        assert rows[2] == ["b", "22.00", "21.90", "22.10"]
        assert rows[4] == ["hr", "", "", ""]


class Balance(HTMLParser):
    """Fails on a tag that closes another one than it should."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


class TestHtml:
    def test_is_well_formed_and_escaped(self, run):
        text = render(run, "html")
        parser = Balance()
        parser.feed(text)
        assert parser.open == []
        assert "50 % {x} &lt;y&gt;" in text
        assert "<y>" not in text

    def test_marks_and_ceiling(self, run):
        text = render(run, "html")
        assert "<td><b>22.00</b></td><td>–<sup>1</sup></td><td><b>92.5</b></td>" in text
        ceiling = text[text.index('<tbody class="ceiling">') :]
        assert '<th scope="row"><i>hr</i></th>' in ceiling


class TestTerminal:
    def print(self, run, width):
        console = Console(width=width, record=True, file=None, quiet=False, color_system=None, highlight=False)
        with console.capture() as capture:
            console.print(terminal_table(run))
        return capture.get()

    def test_numbers_and_notes(self, run):
        text = self.print(run, 120)
        assert re.search(r"b +22\.00 +– \[1\] +92\.5", text)
        assert "[1] b (NIQE) failed: a_b & 50 % {x} <y>" in text
        assert "KID invalid: needs 1000 images" in text

    def test_a_narrow_terminal_gets_blocks_and_never_a_cut_number(self, run):
        text = self.print(run, 46)
        assert text.count("Method ") >= 2
        assert "…" not in text
        for number in ("20.00", "22.00", "21.00", "5.00", "6.00", "91.0", "92.5", "99.9"):
            assert number in text

    def test_names_are_not_read_as_markup(self, make_run):
        assert "[red]x" in self.print(make_run({"psnr": {"[red]x": 20.0}}), 80)


def test_write_tables(run, tmp_path):
    files = write_tables(run, tmp_path / "new" / "out")
    assert [file.name for file in files] == ["table.md", "table.tex"]
    assert files[0].read_text(encoding="utf-8") == render(run, "md")
    assert files[1].read_text(encoding="utf-8") == render(run, "tex")


@pytest.mark.parametrize("format", ["md", "tex", "csv", "html"])
def test_a_run_without_any_value_still_has_a_table(make_run, format):
    run = make_run({"psnr": {"a": {"status": "failed", "note": "broke"}}})
    text = render(run, format)
    assert "a" in text
    assert format == "csv" or "PSNR failed: broke" in text
