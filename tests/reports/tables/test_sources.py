"""Several runs in one table: their headings, what they share below it, and sweeps of a degradation."""

from __future__ import annotations

import csv
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fsrbench.errors import UserError
from fsrbench.reports.tables.build import build, build_sweep
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.model import spans
from fsrbench.reports.tables.render import render_runs
from fsrbench.reports.tables.sources import Source, open_runs, steps

NEAR = {"psnr": {"a": 20.0, "b": 21.0, "c": 22.0}, "niqe": {"a": 5.0, "b": 6.0, "hr": 3.0}}
FAR = {"psnr": {"b": 11.0, "d": 10.0}, "kid": {"b": (0.2, 0.19, 0.21), "d": (0.1, 0.09, 0.11)}}


@pytest.fixture
def folder(make_run, tmp_path):
    """Folders of runs."""

    def make(name, values=NEAR, **manifest):
        path = tmp_path / name
        shutil.copytree(make_run(values, **manifest).path, path)
        return str(path)

    return make


@pytest.fixture
def two(make_run):
    return [Source(make_run(NEAR), "Near"), Source(make_run(FAR, dataset={"name": "far", "n": 7}, task="x8"), "Far")]


class TestHeadings:
    def test_of_a_run_alone(self, folder):
        assert [source.label for source in open_runs([folder("one")])] == [""]

    def test_dataset_and_degradation(self, folder):
        runs = [folder("one"), folder("two", degradation={"name": "noise", "strength": 2.5, "unit": "of 255"})]
        assert [s.label for s in open_runs(runs)] == ["sample, realistic", "sample, noise 2.5 of 255"]

    def test_task_and_folder_where_they_tell_runs_apart(self, folder):
        runs = [folder("one"), folder("two"), folder("three", task="x8")]
        assert [source.label for source in open_runs(runs)] == [
            "sample, realistic, x4 (one)",
            "sample, realistic, x4 (two)",
            "sample, realistic, x8",
        ]

    def test_names_and_titles_come_first(self, folder):
        runs = [f"A={folder('one')}", folder("two"), folder("three")]
        assert [s.label for s in open_runs(runs, {"A": "Alpha", "two": "Beta"})] == [
            "Alpha",
            "Beta",
            "sample, realistic (three)",
        ]

    def test_a_folder_with_an_equals_sign_is_a_folder(self, folder):
        assert open_runs([folder("sigma=5")])[0].run.methods == ["a", "b", "c"]

    def test_two_runs_of_one_heading_are_refused(self, folder):
        with pytest.raises(UserError, match="two runs are headed 'A'"):
            open_runs([f"A={folder('one')}", f"A={folder('two')}"])

    def test_a_title_for_no_run_is_refused(self, folder):
        with pytest.raises(UserError, match=r"runs: no run 'onne'; did you mean one\?"):
            open_runs([folder("one")], {"onne": "One"})


class TestSideBySide:
    def test_rows_are_the_union_and_each_group_is_ranked_alone(self, two):
        table = build(two, Layout())
        written = {row.method: [(cell.text, cell.mark) for cell in row.cells] for row in table.rows}
        assert [column.metric.name for column in table.columns] == ["psnr", "niqe", "psnr", "kid"]
        assert written == {
            "a": [("20.00", ""), ("5.00", "best"), ("–", ""), ("–", "")],
            "b": [("21.00", "second"), ("6.00", "second"), ("11.00", "best"), ("0.200", "second")],
            "c": [("22.00", "best"), ("–", ""), ("–", ""), ("–", "")],
            "d": [("–", ""), ("–", ""), ("10.00", "second"), ("0.100", "best")],
            "hr": [("–", ""), ("3.00", ""), ("–", ""), ("–", "")],
        }

    def test_a_method_missing_in_a_run_needs_no_footnote(self, two):
        table = build(two, Layout())
        assert table.footnotes == ("c (NIQE) missing: no row in summary.csv",)
        assert "– without a footnote: not in that run" in table.legend
        assert "not in that run" not in build(two[:1], Layout()).legend

    def test_groups(self, two):
        levels = spans(build(two, Layout()).columns)
        assert [[(span.text, span.first, span.width) for span in level] for level in levels] == [
            [("Near", 0, 2), ("Far", 2, 2)]
        ]

    def test_groups_of_metrics_do_not_reach_over_two_runs(self, two):
        layout = Layout.model_validate({"metrics": {"Quality": ["psnr"]}})
        outer, inner = spans(build(two, layout).columns)
        assert [span.text for span in outer] == ["Near", "Far"]
        assert [(span.text, span.width) for span in inner] == [("Quality", 1), ("Quality", 1)]

    def test_what_runs_share_is_said_once(self, two):
        table = build(two, Layout())
        assert table.methods == ("a: about a", "b: about b", "c: about c", "d: about d")
        assert table.protocols[0] == "PSNR (n = 20): how psnr is computed"
        assert len(table.protocols) == 3
        assert table.facts == (
            "Degradation realistic. Near: Dataset sample; n = 20; task x4. Far: Dataset far; n = 7; task x8"
        )

    def test_what_they_do_not_share_names_the_run(self, make_run):
        few = {"status": "invalid", "note": "too few"}
        first = make_run({"psnr": {"a": 20.0}, "kid": {"a": few}})
        second = make_run(
            {"psnr": {"a": {"value": 20.0, "n": 9}}, "kid": {"a": 0.1}},
            methods={"a": {"description": "retrained"}},
            protocols={"psnr": "how psnr is computed", "kid": "in another way"},
        )
        table = build([Source(first, "One"), Source(second, "Two")], Layout())
        assert table.left_out == ("KID (One) invalid: too few",)
        assert table.methods == ("a (One): about a", "a (Two): retrained")
        assert table.protocols[0] == "PSNR (n = 20 in One; n = 9 in Two): how psnr is computed"

    def test_equal_footnotes_share_a_number(self, make_run):
        noted = make_run({"psnr": {"a": {"value": 20.0, "note": "clipped"}, "b": 21.0}})
        table = build([Source(noted, "One"), Source(noted, "Two")], Layout())
        assert table.footnotes == ("a (PSNR): clipped",)
        assert [cell.notes for cell in table.rows[0].cells] == [(1,), (1,)]

    def test_what_no_run_has_is_refused(self, two):
        assert len(build(two, Layout().changed(["kid"])).columns) == 1
        with pytest.raises(UserError, match="the runs: no metric kit in any of them; did you mean kid"):
            build(two, Layout().changed(["kit"]))

    def test_a_heading_is_not_repeated_in_the_facts(self, folder):
        sources = open_runs([folder("one"), folder("two", degradation={"name": "area"})])
        assert build(sources, Layout()).facts == "Dataset sample; n = 20; task x4"


class TestFormats:
    def test_markdown_names_the_group_in_each_column(self, two):
        first = render_runs(two, "md", Layout()).splitlines()[0]
        assert first == "| Method | Near<br>PSNR (dB) ↑ | Near<br>NIQE ↓ | Far<br>PSNR (dB) ↑ | Far<br>KID ↓ |"

    def test_latex_spans(self, two):
        text = render_runs(two, "tex", Layout())
        assert r" & \multicolumn{2}{c}{Near} & \multicolumn{2}{c}{Far} \\" in text
        assert r"\cmidrule(lr){2-3}\cmidrule(lr){4-5}" in text
        assert r"\label{tab:fsrbench-sample-x4-realistic-far-x8-realistic}" in text

    def test_html_says_what_each_heading_is_of(self, two):
        text = render_runs(two, "html", Layout())
        assert '<th scope="colgroup" colspan="2">Near</th><th scope="colgroup" colspan="2">Far</th>' in text
        assert '<th scope="col" rowspan="2">Method</th>' in text
        assert text.count("<caption>") == 1
        widths = Widths()
        widths.feed(text)
        assert set(widths.rows) == {5}

    def test_csv_has_a_row_a_run_and_method(self, two):
        rows = list(csv.DictReader(render_runs(two, "csv", Layout()).splitlines()))
        assert list(rows[0]) == ["Run", "Method", "PSNR (dB)", "NIQE", "KID"]
        assert [(row["Run"], row["Method"]) for row in rows] == [
            ("Near", "a"),
            ("Near", "b"),
            ("Near", "c"),
            ("Near", "hr"),
            ("Far", "b"),
            ("Far", "d"),
        ]
        assert rows[4] == {"Run": "Far", "Method": "b", "PSNR (dB)": "11.00", "NIQE": "", "KID": "0.200"}

    def test_csv_is_read_by_programs(self, make_run):
        run = make_run({"psnr": {"a": float("inf"), "b": 20.0}})
        assert render_runs([Source(run)], "csv", Layout()).splitlines()[1] == "a,inf"

    def test_terminal_has_a_block_a_run(self, two):
        text = render_runs(two, "terminal", Layout())
        assert re.search(r"Near\n.*PSNR.*Far\n.*PSNR", text, flags=re.DOTALL)

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ({"published": True}, "--published takes one run"),
            ({"standalone": True}, "--standalone is for --format tex"),
        ],
    )
    def test_options_that_do_not_fit_are_refused(self, two, options, reason):
        with pytest.raises(UserError, match=reason):
            render_runs(two, "md", Layout(), **options)


class Widths(HTMLParser):
    """Columns of each row, with those that a cell above reaches down to."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.reaching = []

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if tag == "tr":
            self.reaching = [(width, left - 1) for width, left in self.reaching if left > 1]
            self.rows.append(sum(width for width, _ in self.reaching))
        if tag in ("td", "th"):
            width = int(said.get("colspan", 1))
            self.rows[-1] += width
            self.reaching.append((width, int(said.get("rowspan", 1))))


class TestSweep:
    @pytest.fixture
    def noisy(self, make_run):
        def make(strength, values=NEAR, **manifest):
            entries = {"degradation": {"name": "noise", "strength": strength, "unit": "of 255"}} | manifest
            return Source(make_run(values, **entries), f"at {strength}")

        return make

    def test_a_column_a_strength_from_the_weakest(self, noisy):
        weaker = {"psnr": {"a": 30.0, "b": 29.0}, "niqe": {"a": 1.0, "b": 2.0}}
        table = build_sweep([noisy(10), noisy(2.5, weaker)], Layout().changed(["psnr", "niqe"]))
        assert [column.metric.label for column in table.columns] == ["2.5", "10", "2.5", "10"]
        outer, inner = spans(table.columns)
        assert [(span.text, span.width) for span in outer] == [("noise (of 255)", 4)]
        assert [(span.text, span.width) for span in inner] == [("PSNR (dB) ↑", 2), ("NIQE ↓", 2)]
        assert [cell.text for cell in table.rows[0].cells] == ["30.00", "20.00", "1.00", "5.00"]
        assert [cell.mark for cell in table.rows[0].cells] == ["best", "", "best", "best"]

    def test_facts_do_not_repeat_the_strengths(self, noisy):
        table = build_sweep([noisy(10), noisy(5)], Layout())
        assert table.facts == "Dataset sample; n = 20; task x4; degradation noise (of 255)"

    def test_shows_the_first_metric_unless_asked(self, noisy):
        assert [column.groups[-1] for column in build_sweep([noisy(1), noisy(2)], Layout()).columns] == [
            "PSNR (dB) ↑"
        ] * 2

    def test_csv_has_the_strength_as_a_number(self, noisy):
        rows = list(csv.DictReader(render_runs([noisy(10), noisy(2.5)], "csv", Layout(), strengths=True).splitlines()))
        assert rows[0] | {"NIQE": "5.00"} == rows[0]
        assert [(row["Degradation"], float(row["Strength"]), row["Unit"]) for row in rows[::4]] == [
            ("noise", 2.5, "of 255"),
            ("noise", 10.0, "of 255"),
        ]

    @pytest.mark.parametrize(
        ("manifest", "reason"),
        [
            ({"degradation": {"name": "bicubic"}}, "its degradation has no strength"),
            ({"degradation": {"name": "blur", "strength": 9}}, "differ in degradations"),
            ({"task": "x8"}, "differ in tasks"),
            ({"dataset": {"name": "sample", "n": 20, "sha256": "ab"}}, "differ in data$"),
            ({"degradation": {"name": "noise", "strength": 5, "unit": "of 255"}}, "each with a different strength"),
        ],
    )
    def test_runs_that_are_none_are_refused(self, noisy, manifest, reason):
        with pytest.raises(UserError, match=reason):
            steps([noisy(5), noisy(7, **manifest)])

    def test_one_run_is_none(self, noisy):
        with pytest.raises(UserError, match="at least two runs"):
            steps([noisy(5)])


def test_a_manifest_that_says_little_is_enough(folder):
    path = folder("bare")
    (Path(path) / "manifest.json").write_text("{}")
    assert [source.label for source in open_runs([path, f"B={path}"])] == ["unknown, unknown (bare)", "B"]
