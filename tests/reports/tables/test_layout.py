"""A layout chooses and names rows and columns; what it cannot mean is refused in one line that names the key."""

from __future__ import annotations

import pytest

from fsrbench.errors import UserError
from fsrbench.reports.tables.build import build
from fsrbench.reports.tables.layout import Layout, read_layout
from fsrbench.reports.tables.model import spans
from fsrbench.reports.tables.sources import Source

FULL = """
title: On faces.
caption: 20 faces that nobody knows
metrics:
  Quality: [ssim, {psnr: {title: P, digits: 1}}]
  Speed: [{latency_ms: "Time, one face"}]
methods:
  b: Ours (retrained)
  a: A
  hr: HR
notes: short
"""


@pytest.fixture
def layout(tmp_path):
    def make(text):
        path = tmp_path / "layout.yaml"
        path.write_text(text, encoding="utf-8")
        return read_layout(path)

    return make


@pytest.fixture
def run(make_run):
    noted = {"value": 8.0, "note": "p90 of it"}
    return make_run(
        {
            "psnr": {"a": (20.04, 19.9, 20.2), "b": 21.0, "c": 22.0},
            "ssim": {"a": 0.5, "b": 0.6, "c": 0.7, "hr": 0.9},
            "latency_ms": {"a": 7.0, "b": noted, "c": 9.0},
        }
    )


def table(run, layout):
    return build([Source(run)], layout)


def test_rows_and_columns_are_chosen_ordered_and_named(run, layout):
    shown = table(run, layout(FULL))
    assert [column.metric.label for column in shown.columns] == ["SSIM ↑", "P (dB) ↑", "Time, one face (ms) ↓"]
    assert [row.method for row in shown.rows] == ["Ours (retrained)", "A", "HR"]
    assert [cell.text for cell in shown.rows[1].cells] == ["0.500", "20.0", "7.0"]
    assert shown.rows[2].bound


def test_groups_are_spanning_headings(run, layout):
    (level,) = spans(table(run, layout(FULL)).columns)
    assert [(span.text, span.width) for span in level] == [("Quality", 2), ("Speed", 1)]


def test_names_stand_in_the_notes_too(run, layout):
    shown = table(run, layout(FULL))
    assert shown.footnotes == ("Ours (retrained) (Time, one face): p90 of it",)
    everything = table(run, layout(FULL.replace("short", "full")))
    assert [line.partition(":")[0] for line in everything.methods] == ["Ours (retrained)", "A"]
    assert everything.protocols[1] == "P (n = 20): how psnr is computed"


@pytest.mark.parametrize(("notes", "footnotes", "protocols"), [("full", 1, 3), ("short", 1, 0), ("none", 0, 0)])
def test_notes(run, notes, footnotes, protocols):
    shown = table(run, Layout(notes=notes))
    assert (len(shown.footnotes), len(shown.protocols)) == (footnotes, protocols)
    assert any(cell.notes for row in shown.rows for cell in row.cells) == (footnotes > 0)
    assert bool(shown.methods) == bool(shown.left_out or protocols)


def test_caption_replaces_the_facts_but_not_the_legend(run, layout):
    shown = table(run, layout(FULL))
    assert shown.about.startswith("20 faces that nobody knows. Best in bold")
    assert "degradation" not in shown.about


def test_without_the_ceiling(run):
    shown = table(run, Layout(ceiling=False))
    assert [row.method for row in shown.rows] == ["a", "b", "c"]
    assert "ceiling" not in shown.legend


def test_a_ceiling_without_any_number_is_not_shown(run):
    assert [row.method for row in table(run, Layout().changed(["psnr"])).rows] == ["a", "b", "c"]


def test_flags_choose_and_keep_the_names(layout):
    changed = layout(FULL).changed(["latency_ms", "psnr"], ["a"], intervals=True, notes="none")
    assert [(metric.name, metric.title) for metric in changed.metrics] == [
        ("latency_ms", "Time, one face"),
        ("psnr", "P"),
    ]
    assert changed.methods == {"a": "A"}
    assert changed.intervals
    assert changed.notes == "none"
    assert layout(FULL).changed().notes == "short"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("metrcs: [psnr]", "unknown key 'metrcs'; did you mean metrics?"),
        ("width: 3", "width: must be at least 120"),
        ("notes: long", "notes: must be full, short or none"),
        ("metrics: psnr", "metrics: write a list of metrics, or heading: list"),
        ("metrics: {Quality: psnr}", "metrics: write a list of metrics under 'Quality'"),
        ("metrics: [psnr, {psnr: P}]", "metrics: psnr twice"),
        ("metrics: [ssim, {psnr: {digits: -1}}]", "metrics: psnr: digits: must be at least 0"),
        ("metrics: [{psnr: {titel: P}}]", "metrics: psnr: unknown key 'titel'; did you mean title?"),
        ("metrics: [{psnr: [P]}]", "is neither a name, 'name: title' nor"),
        ("metrics: [3]", "3 is neither a name"),
        ("methods: {a: X, b: X}", "methods: two rows would be called X"),
        ("methods: {a: hr}", "methods: hr is the row of the HR images"),
        ("methods: ours", "methods: write a list of names"),
        ("methods: {3: a}", "methods: 3: must be a valid string"),
        ("- psnr", "expected 'key: value'; keys: title, caption, metrics"),
        ("title: T\nnotes: short\nmetrics: [{psnr: {titel: P}}]", "layout.yaml, line 3: metrics: psnr: unknown key"),
        ("title: T\ntitle: U", "layout.yaml, line 2: 'title' appears twice"),
        ("a: [", "layout.yaml: cannot be read: "),
        ("", "expected 'key: value'"),
    ],
)
def test_what_it_cannot_mean_is_refused_in_one_line(layout, text, reason):
    with pytest.raises(UserError) as caught:
        layout(text)
    assert "layout.yaml" in str(caught.value)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("metrics: [psrn]", "no metric psrn in this run; did you mean psnr?"),
        ("methods: [aa, b]", "no method aa in this run; did you mean a?"),
    ],
)
def test_what_the_run_does_not_have_is_refused(run, layout, text, reason):
    with pytest.raises(UserError, match=reason.replace("?", r"\?")):
        table(run, layout(text))
