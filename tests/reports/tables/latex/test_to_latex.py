"""LaTeX tables fit the page, align their numbers and compile without warnings."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from made.latex import needs_latex, pieces_of_text, typeset

from fsrbench.reports.tables.build import build, build_table
from fsrbench.reports.tables.latex.columns import blocks, column_spec
from fsrbench.reports.tables.latex.text import breakable, escape, latin
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.render import render_runs
from fsrbench.reports.tables.sources import Source

NAMES = ["bicubic", "scgan", "ours-short", "ours", "a method_with a long & odd name"]
TITLES = ["PSNR", "MS-SSIM", "Landmark error, dlib", "Verification (ArcFace)", "Throughput"]


@pytest.fixture
def wide(make_run):
    """Five methods and 25 metrics, with intervals, footnotes and something of each kind below."""
    about = 'about "it"; see `weights --offline` and weights-inception-2015-12-05_6726825d_and_more.pth'
    first = {name: (20.0 + i, 19.5 + i, 20.75 + i) for i, name in enumerate(NAMES)} | {"hr": 30.0}
    first["ours"] = {"value": 23.0, "ci_low": 22.5, "ci_high": 24.0, "note": about}
    run = make_run({"psnr": first}, methods={name: {"description": about} for name in NAMES})
    metrics = {f"m{i}": {"title": f"{TITLES[i % 5]} {i}", "unit": "dB", "direction": "higher"} for i in range(25)}
    summary = pd.concat([run.summary.assign(metric=name) for name in metrics], ignore_index=True)
    protocols = dict.fromkeys(metrics, f"{about} " * 3)
    return replace(run, summary=summary, manifest=run.manifest | {"metrics": metrics, "protocols": protocols})


class TestBlocks:
    @pytest.mark.parametrize("most", [2, 6, 8.5, 100])
    @pytest.mark.parametrize("intervals", [False, True])
    def test_every_column_stands_in_one_block(self, wide, most, intervals):
        found = blocks(build_table(wide, intervals=intervals), most)
        assert [index for block in found for index in block] == list(range(25))
        assert all(len(block) * (1.5 if intervals else 1) <= most or len(block) == 1 for block in found)

    def test_blocks_are_about_equally_wide(self, wide):
        sizes = [len(block) for block in blocks(build_table(wide), 6)]
        assert max(sizes) - min(sizes) <= 1

    def test_blocks_break_between_groups(self, wide):
        names = wide.metrics[:8]
        layout = Layout.model_validate({"metrics": {"One": names[:3], "Two": names[3:6], "Three": names[6:]}})
        found = blocks(build([Source(wide)], layout), 4)
        assert [block[0] for block in found] == [0, 3, 6]

    @pytest.mark.parametrize("length", [40, 120, 400])
    def test_a_long_name_does_not_split_the_table(self, make_run, length):
        """Its columns stand side by side as without it, and the whole name stands below."""
        name = "images:" + "long_name_" * (length // 10)
        metrics = {m: {name: 20.0, "b": 21.0} for m in ("psnr", "ssim", "niqe", "kid", "detection")}
        text = render_runs([Source(make_run(metrics))], "tex", Layout(notes="none"))
        assert text.count("\\begin{tabular}") == 1
        assert ("long\\_\\allowbreak{}name\\_\\allowbreak{}" * (length // 10)) in text.split("Names.")[1]


def test_names_that_pdflatex_has_no_letters_for_stay_distinct(make_run):
    text = render_runs([Source(make_run({"psnr": {"模型甲": 20.0, "模型乙": 21.0}}))], "tex", Layout())
    assert "MoXingJia & 20.00" in text
    assert "MoXingYi & \\bfseries 21.00" in text


@pytest.mark.parametrize(
    ("values", "spec"),
    [
        ([20.0, 3.0], "S[table-format=2.2]"),
        ([-1.0, 123.0], "S[table-format=-3.2]"),
        ([float("inf"), 1.0], "S[table-format=1.2]"),
    ],
)
def test_columns_have_room_for_their_longest_number(make_run, values, spec):
    table = build_table(make_run({"niqe": {f"m{i}": value for i, value in enumerate(values)}}))
    assert column_spec(table, 0).startswith(spec)


def test_ties_and_footnotes_are_raised_behind_the_number(make_run):
    values = {"a": {"value": 8.0, "ci_low": 7.0, "ci_high": 9.0, "note": "p90"}, "b": (8.5, 8.0, 9.0)}
    text = render_runs([Source(make_run({"latency_ms": values}))], "tex", Layout())
    assert r"a & 8.0{\rlap{$^{\approx,1}$}} \\" in text
    assert r"b & 8.5{\rlap{$^{\approx}$}} \\" in text
    assert r"S[table-format=1.1]@{\hphantom{$^{\approx,1}$}\hspace{2\tabcolsep}}" in text


class TestText:
    def test_options_are_no_dashes(self):
        assert escape("--offline") == "-{}-offline"

    def test_letters_that_pdflatex_lacks_keep_their_place_and_their_number(self):
        assert escape("方1") == r"\fsrchar{65B9}{方}1"
        assert escape("ß_é") == r"ß\_é"

    @pytest.mark.parametrize(
        ("name", "spelled"),
        [
            ("模型1", "MoXing1"),
            ("ß_é", "ß_é"),
            ("e\u0301", "é"),
            ("x\u0334\x07", "x\u0334\x07"),
            ("Żółć ąę«", "Żółć ae«"),
        ],
    )
    def test_names_are_spelled_in_latin_letters_where_they_can_be(self, name, spelled):
        assert latin(name) == spelled

    def test_a_plain_table_needs_no_definition(self, make_run):
        assert "fsrchar" not in render_runs([Source(make_run({"psnr": {"a": 20.0}}))], "tex", Layout())

    def test_long_words_can_break(self):
        assert breakable("short_one a/very_long/path.to.something") == (
            r"short\_one a/\allowbreak{}very\_\allowbreak{}long/\allowbreak{}path."
            r"\allowbreak{}to.\allowbreak{}something"
        )


@needs_latex
class TestCompiles:
    @pytest.mark.parametrize("intervals", [False, True])
    def test_wide(self, wide, tmp_path, intervals):
        layout = Layout(intervals=intervals)
        assert typeset(render_runs([Source(wide)], "tex", layout), tmp_path) == []

    def test_long_names(self, make_run, tmp_path):
        names = [f"images:/results/{'very_' * 20}long_{i}" for i in range(3)]
        metrics = {m: {name: (20.0 + i, 19.0, 25.0) for i, name in enumerate(names)} for m in ("psnr", "ssim", "niqe")}
        run = make_run(metrics)
        for intervals in (False, True):
            assert typeset(render_runs([Source(run)], "tex", Layout(intervals=intervals)), tmp_path) == []

    def test_more_methods_than_fit_a_page_at_full_size(self, make_run, tmp_path):
        run = make_run({"psnr": {f"method {i}": 20.0 + i for i in range(70)}})
        assert typeset(render_runs([Source(run)], "tex", Layout()), tmp_path) == []

    def test_without_adjustbox_it_compiles_all_the_same(self, make_run, tmp_path):
        run = make_run({"psnr": {"a": 20.0, "b": 21.0}})
        assert typeset(render_runs([Source(run)], "tex", Layout()), tmp_path, "booktabs,siunitx") == []

    def test_standalone(self, wide, tmp_path):
        text = render_runs([Source(wide)], "tex", Layout(), standalone=True)
        assert text.startswith("\\documentclass")
        assert typeset(text, tmp_path) == []

    @pytest.mark.parametrize("intervals", [False, True])
    def test_no_page_but_the_last_is_nearly_empty(self, wide, tmp_path, intervals):
        text = render_runs([Source(wide)], "tex", Layout(intervals=intervals), standalone=True)
        *pages, _ = pieces_of_text(text, tmp_path)
        assert len(pages) >= 2
        assert min(pages) > 200  # a full page of notes has 250

    def test_runs_side_by_side_with_groups(self, make_run, tmp_path):
        run = make_run({"psnr": {"a": 20.0, "b": 21.0}, "niqe": {"a": -5.0, "b": float("inf"), "hr": 3.0}})
        layout = Layout.model_validate({"metrics": {"A & B": ["psnr"], "C": ["niqe"]}, "title": "50 % of it"})
        sources = [Source(run, "One_1"), Source(run, "Two")]
        assert typeset(render_runs(sources, "tex", layout), tmp_path) == []

    @pytest.mark.parametrize("standalone", [False, True])
    def test_names_in_other_scripts(self, make_run, tmp_path, standalone):
        names = [
            "方法",
            "方式",
            "метод",
            "μέθοδος",
            "שיטה",
            "طريقة",
            "🙂",
            "Żółć ąę",
            "Þórr đ",
            "ﬁ«x»",
            "a\u0301",
            "\x07",
        ]
        run = make_run({"psnr": {name: 20.0 + i for i, name in enumerate(names)}})
        layout = Layout(title="表 (ő)")
        text = render_runs([Source(run, "実験")], "tex", layout, standalone=standalone)
        assert typeset(text, tmp_path) == []
        assert "?" not in text
        rows = re.findall(r"^(.*?) & .*\\\\$", text[text.index(r"\midrule") : text.index(r"\bottomrule")], re.MULTILINE)
        assert len(set(rows)) == len(names)
        below = text.split("Names.")[1]
        assert all(escape(name) in rows or f": {escape(name)}\\par" in below for name in names)

    def test_what_is_wrong_is_seen(self, wide, tmp_path):
        """The check itself: it reports a table that is too wide and an undefined reference."""
        text = render_runs([Source(wide)], "tex", Layout(width=900))
        complaints = typeset(text + r"\ref{tab:nothing}", tmp_path)
        assert any("too wide" in line for line in complaints)
        assert any("nothing" in line for line in complaints)
