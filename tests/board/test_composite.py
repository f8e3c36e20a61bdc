from __future__ import annotations

import math

import pytest

from fsrbench.board.composite import LONGEST, NTIRE, read_composite
from fsrbench.errors import UserError
from fsrbench.metrics.ntire import score


def test_ntire_is_the_challenges_formula() -> None:
    found = read_composite(f"NTIRE={NTIRE}")
    assert found.parts == ("clipiqa", "maniqa", "musiq", "niqe", "qalign", "fid")
    for niqe, fid in ((5.0, 50.0), (12.0, 50.0), (5.0, 250.0)):
        parts = {"clipiqa": 0.7, "maniqa": 0.4, "musiq": 70.0, "niqe": niqe, "qalign": 3.0, "fid": fid}
        assert found.value(parts) == pytest.approx(score(**parts))


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("psnr/50 - lpips", 24 / 50 - 0.25),
        ("-(psnr + 1) * 2", -50),
        ("min(psnr, 20, niqe) + max(0, 10 - niqe)", 6 + 4),
        ("topiq_nr-face * 2 - lpips", 2 * 0.5 - 0.25),
        ("1e-1 * psnr", 2.4),
        ("max(psnr)", 24),
    ],
)
def test_arithmetic(formula: str, value: float) -> None:
    known = {"psnr": 24.0, "lpips": 0.25, "niqe": 6.0, "topiq_nr-face": 0.5}
    assert read_composite(f"mine = {formula}").value(known) == pytest.approx(value)


def test_a_missing_part_or_no_number_gives_none() -> None:
    assert math.isnan(read_composite("a=psnr + lpips").value({"psnr": 24.0}))
    assert math.isnan(read_composite("a=psnr + lpips").value({"psnr": 24.0, "lpips": math.nan}))
    assert math.isnan(read_composite("a=1 / lpips").value({"lpips": 0.0}))
    assert math.isnan(read_composite("a=lpips * 1e300 * 1e300").value({"lpips": 1.0}))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=__import__('os').system('id')", "not allowed"),
        ("a=psnr.real", "'psnr.real' is not allowed"),
        ("a=psnr**9**9", r"'psnr \*\* 9 \*\* 9' is not allowed"),
        ("a=open(psnr)", "not allowed"),
        ("a=[psnr]*9", "not allowed"),
        ("a=(lambda: psnr)()", "not allowed"),
        ("a=psnr if psnr else 1", "not allowed"),
        ("a=max(*[psnr])", "not allowed"),
        ("a=max(psnr, key=psnr)", "not allowed"),
        ("a=max()", "not allowed"),
        ("a=psnr + True", "not allowed"),
        ("a=psnr + 'x'", "not allowed"),
        ("a=psnr + 1j", "not allowed"),
        ("a=psnr; lpips", "is not a formula"),
        ("a=psnr +", "is not a formula"),
        ("a=" + "(" * 300 + "psnr", "is not a formula"),
        ("a=1 + 2", "no metric"),
        ("a=" + "psnr+" * LONGEST + "psnr", "longer than"),
        ("psnr/50", "NAME=FORMULA"),
        ("<b>=psnr", "NAME=FORMULA"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as error:
        read_composite(text)
    assert "\n" not in str(error.value)
