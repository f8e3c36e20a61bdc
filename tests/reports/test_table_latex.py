"""LaTeX tables fit the page, align their numbers and compile without a complaint."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from made_latex import needs_latex, typeset

from fsrbench.reports.latex_columns import column_spec, layout_blocks
from fsrbench.reports.latex_text import breakable, escape, width
from fsrbench.reports.table_build import build, build_table
from fsrbench.reports.table_latex import ARTICLE
from fsrbench.reports.table_layout import Layout
from fsrbench.reports.table_runs import Source
from fsrbench.reports.tables import render_runs

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


class TestFit:
    @pytest.mark.parametrize("limit", [240.0, ARTICLE, 500.0])
    @pytest.mark.parametrize("intervals", [False, True])
    def test_every_column_stands_in_one_block_no_wider_than_asked(self, wide, limit, intervals):
        table = build_table(wide, intervals=intervals)
        _, blocks = layout_blocks(table, limit)
        assert [index for block in blocks for index in block.members] == list(range(25))
        assert all(block.width <= limit or len(block.members) == 1 for block in blocks)

    def test_a_small_table_is_one_block_in_larger_type(self, make_run):
        style, blocks = layout_blocks(build_table(make_run({"psnr": {"a": 20.0, "b": 21.0}})), ARTICLE)
        assert (style.command, len(blocks)) == ("\\small", 1)

    def test_blocks_are_about_equally_wide(self, wide):
        widths = [block.width for block in layout_blocks(build_table(wide), ARTICLE)[1]]
        assert min(widths) > 0.6 * max(widths)

    def test_blocks_break_between_groups(self, wide):
        names = wide.metrics[:8]
        layout = Layout.model_validate({"metrics": {"One": names[:3], "Two": names[3:6], "Three": names[6:]}})
        _, blocks = layout_blocks(build([Source(wide)], layout), ARTICLE)
        assert len(blocks) > 1
        assert {block.members[0] for block in blocks} <= {0, 3, 6}


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
    assert column_spec(table, 0, layout_blocks(table, ARTICLE)[0]).startswith(spec)


def test_ties_and_footnotes_are_raised_behind_the_number(make_run):
    values = {"a": {"value": 8.0, "ci_low": 7.0, "ci_high": 9.0, "note": "p90"}, "b": (8.5, 8.0, 9.0)}
    text = render_runs([Source(make_run({"latency_ms": values}))], "tex", Layout())
    assert r"a & 8.0{\rlap{$^{\approx,1}$}} \\" in text
    assert r"b & 8.5{\rlap{$^{\approx}$}} \\" in text


class TestText:
    def test_options_are_no_dashes(self):
        assert escape("--offline") == "-{}-offline"

    def test_letters_that_pdflatex_has_not_keep_their_place_and_their_number(self):
        assert escape("方1") == r"\fsrchar{65B9}{方}1"
        assert escape("ß_é") == r"ß\_é"

    def test_a_plain_table_needs_no_definition(self, make_run):
        assert "fsrchar" not in render_runs([Source(make_run({"psnr": {"a": 20.0}}))], "tex", Layout())

    def test_long_words_can_break(self):
        assert breakable("short_one a/very_long/path.to.something") == (
            r"short\_one a/\allowbreak{}very\_\allowbreak{}long/\allowbreak{}path."
            r"\allowbreak{}to.\allowbreak{}something"
        )

    def test_width_follows_the_letters(self):
        assert width("iii", 8) < width("nnn", 8) < width("MMM", 8)
        assert width("nnn", 9) > width("nnn", 8)


@needs_latex
class TestCompiles:
    @pytest.mark.parametrize("intervals", [False, True])
    def test_wide(self, wide, tmp_path, intervals):
        layout = Layout(intervals=intervals)
        assert typeset(render_runs([Source(wide)], "tex", layout), tmp_path) == []

    def test_standalone(self, wide, tmp_path):
        text = render_runs([Source(wide)], "tex", Layout(), standalone=True)
        assert text.startswith("\\documentclass")
        assert typeset(text, tmp_path) == []

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
        assert len({escape(name) for name in names}) == len(names)

    def test_what_is_wrong_is_seen(self, wide, tmp_path):
        """The check itself: a table that is too wide and a reference to nothing are complained of."""
        text = render_runs([Source(wide)], "tex", Layout(width=900))
        complaints = typeset(text + r"\ref{tab:nothing}", tmp_path)
        assert any("too wide" in line for line in complaints)
        assert any("nothing" in line for line in complaints)
