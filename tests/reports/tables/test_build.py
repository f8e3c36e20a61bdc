"""What the table says, whatever its format: marks, footnotes, what is left out."""

from __future__ import annotations

import pytest

from fsrbench.errors import UserError
from fsrbench.reports.tables.build import build_table
from fsrbench.reports.tables.merge import merged_facts


def cells(table, column=0):
    """By row: text and mark of one column."""
    return {row.method: (row.cells[column].text, row.cells[column].mark) for row in table.rows}


def test_best_and_second_follow_the_direction(make_run):
    table = build_table(make_run({"psnr": {"a": 20.0, "b": 22.0, "c": 21.0}, "niqe": {"a": 4.0, "b": 6.0, "c": 5.0}}))
    assert cells(table, 0) == {"a": ("20.00", ""), "b": ("22.00", "best"), "c": ("21.00", "second")}
    assert cells(table, 1) == {"a": ("4.00", "best"), "b": ("6.00", ""), "c": ("5.00", "second")}


def test_ties_on_the_displayed_digits_share_the_mark(make_run):
    table = build_table(make_run({"psnr": {"a": 22.001, "b": 22.004, "c": 21.0, "d": 20.996, "e": 20.0}}))
    assert {name: mark for name, (_, mark) in cells(table).items()} == {
        "a": "best",
        "b": "best",
        "c": "second",
        "d": "second",
        "e": "",
    }


def test_the_ceiling_is_never_ranked(make_run):
    table = build_table(make_run({"niqe": {"a": 5.0, "b": 6.0, "hr": 2.0}}))
    assert cells(table) == {"a": ("5.00", "best"), "b": ("6.00", "second"), "hr": ("2.00", "")}
    assert [row.bound for row in table.rows] == [False, False, True]


@pytest.mark.parametrize(
    "values",
    [
        {"hue": {"a": 1.0, "b": 2.0}},  # no direction
        {"psnr": {"a": 20.0}},  # one method
        {"psnr": {"a": 20.0, "b": {"status": "failed"}, "hr": 30.0}},  # one method with a value
    ],
)
def test_no_marks_where_there_is_nothing_to_compare(make_run, values):
    table = build_table(make_run(values))
    assert all(mark == "" for _, mark in cells(table).values())
    assert "bold" not in table.legend


def test_a_failed_value_is_shown_with_its_footnote_but_wins_nothing(make_run):
    failed = {"value": 30.0, "status": "failed", "note": "2 images failed"}
    table = build_table(make_run({"psnr": {"a": 20.0, "b": 21.0, "c": failed}}))
    assert cells(table) == {"a": ("20.00", "second"), "b": ("21.00", "best"), "c": ("30.00", "")}
    assert table.rows[2].cells[0].notes == (1,)
    assert table.footnotes == ("c (PSNR) failed: 2 images failed",)


@pytest.mark.parametrize("status", ["unavailable", "invalid"])
def test_a_value_that_does_not_hold_is_not_shown(make_run, status):
    table = build_table(make_run({"psnr": {"a": 20.0, "b": {"value": 99.0, "status": status, "note": "why"}}}))
    assert cells(table)["b"] == ("–", "")
    assert table.footnotes == (f"b (PSNR) {status}: why",)


def test_an_ok_row_without_a_value_has_its_own_reason(make_run):
    nothing = {"value": float("nan"), "note": "no finite score"}
    table = build_table(make_run({"psnr": {"a": 20.0, "b": nothing, "c": nothing | {"note": ""}}}))
    assert table.footnotes == (
        "b (PSNR) without value: no finite score",
        "c (PSNR) without value: although its status is ok",
    )


def test_equal_reasons_share_a_footnote_and_numbers_follow_the_reading_order(make_run):
    gone = {"status": "unavailable", "note": "no weights\nfor it"}
    table = build_table(
        make_run(
            {
                "psnr": {"a": 20.0, "b": gone, "c": gone},
                "niqe": {"a": {"status": "failed", "note": "broke"}, "b": gone, "c": 5.0},
            }
        )
    )
    assert table.footnotes == (
        "a (NIQE) failed: broke",
        "b (every metric); c (PSNR) unavailable: no weights for it",
    )
    assert [[cell.notes for cell in row.cells] for row in table.rows] == [[(), (1,)], [(2,), (2,)], [(2,), ()]]


def test_notes_of_ok_cells_are_one_footnote_per_metric(make_run):
    latency = {name: {"value": 8.0, "note": f"p90 of {name}"} for name in ("a", "b")}
    clipped = {"value": 20.0, "note": "3 outputs clipped"}
    table = build_table(make_run({"psnr": {"a": 21.0, "b": clipped}, "latency_ms": latency}))
    assert table.footnotes == ("Latency: a p90 of a; b p90 of b", "b (PSNR): 3 outputs clipped")
    # A note on every method marks the heading, a note on some marks their cells
    assert [column.notes for column in table.columns] == [(), (1,)]
    assert [[cell.notes for cell in row.cells] for row in table.rows] == [[(), ()], [(2,), ()]]


def test_a_metric_without_any_value_takes_no_column_but_is_listed(make_run):
    few = {"status": "invalid", "note": "20 images, needs 1000"}
    table = build_table(make_run({"psnr": {"a": 20.0, "b": 21.0}, "kid": {"a": few, "b": few, "hr": few}}))
    assert [column.metric.name for column in table.columns] == ["psnr"]
    assert table.left_out == ("KID invalid: 20 images, needs 1000",)
    assert not any("KID" in line for line in table.protocols)


def test_differing_reasons_of_a_metric_left_out_name_the_methods(make_run):
    kid = {"a": {"status": "failed", "note": "broke"}, "b": {"status": "invalid", "note": "too few"}}
    table = build_table(make_run({"psnr": {"a": 20.0, "b": 21.0}, "kid": kid}))
    assert table.left_out == ("KID not ok: a failed: broke; b invalid: too few",)


def test_a_missing_row_is_reported_but_not_for_the_ceiling(make_run):
    table = build_table(make_run({"psnr": {"a": 20.0, "b": 21.0}, "niqe": {"a": 5.0, "hr": 3.0}}))
    assert cells(table, 1)["b"] == ("–", "")
    assert table.footnotes == ("b (NIQE) missing: no row in summary.csv",)


def test_methods_and_images_missing_in_the_summary_are_reported(make_run):
    run = make_run(
        {"psnr": {"a": 20.0}},
        methods={"a": {}, "gone": {"status": "unavailable", "note": "no weights"}},
        dataset={"name": "sample", "n": 1, "left_out": {"x": "not a picture", "y": "not a picture"}},
    )
    assert build_table(run).left_out == (
        "gone unavailable: no weights (no row in summary.csv)",
        "image x, image y left out: not a picture",
    )


def test_facts_methods_and_protocols_are_told(make_run):
    run = make_run({"psnr": {"a": 20.0, "b": {"value": 21.0, "n": 19}}, "niqe": {"a": 5.0, "b": 6.0}})
    table = build_table(run)
    assert table.facts == "Dataset sample; n = 20; task x4; degradation realistic"
    assert table.methods == ("a: about a", "b: about b")
    assert table.protocols == ("PSNR (n = 19 to 20): how psnr is computed", "NIQE (n = 20): how niqe is computed")


def test_columns_choose_and_order(make_run):
    run = make_run({"psnr": {"a": 20.0}, "niqe": {"a": 5.0}, "ssim": {"a": 0.5}})
    table = build_table(run, ["ssim", "psnr"])
    assert [column.metric.name for column in table.columns] == ["ssim", "psnr"]


def test_an_unknown_column_is_refused_with_a_hint(make_run):
    with pytest.raises(UserError, match="no metric psnt in this run; did you mean psnr"):
        build_table(make_run({"psnr": {"a": 20.0}}), ["psnt"])


def test_intervals_are_plus_minus_only_where_all_of_a_column_are_symmetrical(make_run):
    run = make_run(
        {
            "psnr": {"a": (20.0, 19.9, 20.1), "b": (21.0, 20.7, 21.3)},
            "detection": {"a": (0.95, 0.94, 0.955), "b": (0.9, 0.89, 0.91)},
        }
    )
    rows = build_table(run, intervals=True).rows
    assert [cell.written for cell in rows[0].cells] == ["20.00 ± 0.10", "95.0 [94.0, 95.5]"]
    assert rows[1].cells[1].written == "90.0 [89.0, 91.0]"
    assert [cell.written for cell in build_table(run).rows[0].cells] == ["20.00", "95.0"]


def test_a_methods_training_is_told(make_run):
    run = make_run({"psnr": {"a": 20.0}}, methods={"a": {"description": "A net.", "training": "20 min on faces"}})
    assert build_table(run).methods == ("a: A net; training: 20 min on faces",)


@pytest.mark.parametrize(
    ("images", "people", "words"), [(20, 5, "20 images of 5 people"), (1, 1, "1 image of 1 person")]
)
def test_the_images_are_of_so_many_people(make_run, images, people, words):
    dataset = {"name": "sample", "n": images, "identities": people}
    table = build_table(make_run({"psnr": {"a": 20.0}}, dataset=dataset))
    assert table.facts.startswith(f"Dataset sample; n = {words}; task x4")


def test_lr_that_was_given_is_no_degradation(make_run):
    """The manifest calls it ``none``."""
    given = {"degradation": {"name": "none", "protocol": "LR as given"}}
    run = make_run({"psnr": {"a": 20.0}}, **given)
    assert "task x4; LR given" in build_table(run).about
    runs = [
        ("a.zip, LR given", ["Dataset a.zip", "LR given"]),
        ("b.zip, bicubic", ["Dataset b.zip", "degradation bicubic"]),
    ]
    assert merged_facts(runs) == ""  # the headings say it all


def test_a_note_that_says_what_failed_is_not_led_by_failed_again(make_run):
    some = {"status": "failed", "note": "failed on 1 of 24 images: too dark (a)"}
    table = build_table(make_run({"psnr": {"a": some, "b": 20.0}, "niqe": {"a": some, "b": 5.0}}))
    assert table.footnotes == ("a (every metric): failed on 1 of 24 images: too dark (a)",)


def test_hr_is_for_comparison_where_a_metric_says_so(make_run):
    values = {"niqe": {"a": 5.0, "hr": 2.0}, "ssim": {"a": 0.9, "hr": 0.8}}
    both = make_run(values)
    both.manifest["metrics"]["ssim"]["hr_is_ceiling"] = False
    text = "hr: the HR images scored as a method"
    assert f"{text}, the ceiling (in SSIM for comparison), not ranked" in build_table(both).legend
    assert f"{text}, for comparison, not ranked" in build_table(both, ["ssim"]).legend
    assert f"{text}, the ceiling, not ranked" in build_table(both, ["niqe"]).legend


def test_a_dash_of_floor_and_ceiling_has_its_reason_in_the_legend(make_run):
    values = {"niqe": {"a": 5.0, "lr": 9.0, "hr": 2.0}, "kid": {"a": 0.2, "hr": 0.1}, "psnr": {"a": 20.0}}
    text = "not compared with itself, and no method to time or count"
    both = make_run(values)
    both.manifest["task"] = "512x1"
    assert build_table(both).legend.endswith(f"; – in lr and hr: {text}")
    assert build_table(both, ["niqe", "kid"]).legend.endswith(f"; – in lr: {text}")
    assert "–" not in build_table(both, ["niqe"]).legend
    both.manifest["task"] = "x4"
    assert "– in lr and hr: not compared with itself or with pictures of another size, and" in build_table(both).legend


def test_a_ceiling_that_was_refused_is_explained_by_its_footnote_alone(make_run):
    table = build_table(
        make_run({"niqe": {"a": 5.0, "hr": {"status": "failed", "note": "broken"}}, "ssim": {"hr": 1.0}})
    )
    assert "hr (NIQE) failed: broken" in table.footnotes
    assert "– in" not in table.legend
