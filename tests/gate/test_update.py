"""Making a reference: tolerances are kept, failures are not, and changes are listed."""

from __future__ import annotations

import pytest
from made.gate import Values, edited, made_run, psnr, verdict

from fsrbench.errors import UserError
from fsrbench.gate.reference import Reference
from fsrbench.gate.update import changes, make

VALUES: Values = {"psnr": {"ours": psnr(), "scgan": psnr(1)}, "params": {"ours": 0.7}}


def held(reference: Reference, method: str = "ours", metric: str = "psnr") -> tuple[float | None, float | None]:
    found = reference.methods[method].metrics[metric]
    return found.abs_tolerance, found.rel_tolerance


def test_tolerances_that_people_edited_are_kept() -> None:
    before = edited(make(made_run(VALUES)), "methods", "ours", "metrics", "psnr", abs_tolerance=0.3, rel_tolerance=0.01)
    after = make(made_run({**VALUES, "psnr": {"ours": psnr() - 1, "scgan": psnr(1)}}), before)
    assert held(after) == (0.3, 0.01)
    assert held(after, "scgan") == (0.005, 0.0)
    assert after.methods["ours"].metrics["psnr"].value == pytest.approx(psnr().mean() - 1)


def test_tolerance_that_was_left_out_stays_out() -> None:
    before = edited(make(made_run(VALUES)), "methods", "ours", "metrics", "psnr", abs_tolerance=None)
    assert held(make(made_run(VALUES), before)) == (None, 0.0)


def test_a_run_holds_against_the_reference_it_made() -> None:
    worse: Values = {**VALUES, "psnr": {"ours": psnr() - 1, "scgan": psnr(1)}}
    assert verdict(VALUES, worse).red
    assert not verdict(make(made_run(worse), make(made_run(VALUES))), worse).red


def test_a_second_update_changes_nothing() -> None:
    once = make(made_run(VALUES))
    again = make(made_run(VALUES), once)
    assert again == once
    assert changes(once, again) == []


def test_changes_name_old_and_new() -> None:
    before = make(made_run(VALUES))
    after = make(made_run({"psnr": {"ours": psnr() - 1, "scgan": psnr(1)}, "ssim": {"ours": 0.9}}), before)
    old, new = (f"{r.methods['ours'].metrics['psnr'].value:.6g} dB" for r in (before, after))
    assert changes(before, after) == [
        "ours, params: 0.7 M -> none",
        f"ours, psnr: {old} -> {new}",
        "ours, ssim: new: 0.9",
    ]


def test_changes_of_the_setup_are_listed() -> None:
    before = make(made_run(VALUES))
    after = make(made_run(VALUES, task="x8", protocols={"psnr": "Y", "params": "how params is computed"}), before)
    assert changes(before, after) == ["task: x4 -> x8", "protocol of psnr: how psnr is computed -> Y"]


@pytest.mark.parametrize("metric", ["psnr", "params"])
def test_failed_method_is_not_kept(metric: str) -> None:
    failed = {metric: {**VALUES[metric], "ours": {"value": 1.0, "status": "failed", "note": "broke"}}}
    with pytest.raises(UserError, match=rf"failed: ours \({metric}\)"):
        make(made_run({**VALUES, **failed}))


@pytest.mark.parametrize("status", ["unavailable", "invalid"])
def test_what_has_no_number_is_left_out(status: str) -> None:
    reference = make(made_run({**VALUES, "params": {"ours": {"status": status, "note": "why"}}}))
    assert list(reference.methods["ours"].metrics) == ["psnr"]
    assert "params" not in reference.setup.metrics


def test_run_without_any_number_is_refused() -> None:
    with pytest.raises(UserError, match="no number"):
        make(made_run({"params": {"ours": {"status": "unavailable", "note": "why"}}}))


def test_times_are_kept_as_ratios_to_the_first_method_with_a_time() -> None:
    no_time = {"status": "invalid", "note": "why"}
    values = {"latency_ms": {"bicubic": no_time, "scgan": 60.0, "ours": 5.0}}
    reference = make(made_run(values))
    assert reference.setup.timing_base == "scgan"
    number = reference.methods["ours"].metrics["latency_ms"]
    assert (number.value, number.unit) == (pytest.approx(5 / 60), "x scgan")
    assert "scgan" not in reference.methods
