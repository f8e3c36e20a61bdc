"""Native outputs of published methods at 512 px: nothing is found in them, and faults that are made in them are."""

from __future__ import annotations

import pytest
from made.checked import Pictures, levels
from made.places import ROOT

from fsrbench.checks.shift import threshold
from tools.checks.cases import Case, native
from tools.checks.faults import compressed, padded, shifted, with_gamma

OUTPUTS = ROOT.parent / "shared" / "data" / "512" / "outputs_of_methods.zip"
pytestmark = pytest.mark.skipif(not OUTPUTS.exists(), reason="needs outputs of published methods beside the checkout")


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {
        case.method: case
        for case in native(OUTPUTS)
        if case.method in ("gfpgan", "diffbir", "dfdnet", "psfrgan-solvay")
    }


@pytest.fixture(scope="module")
def gfpgan(cases: dict[str, Case]) -> Pictures:
    return Pictures(cases["gfpgan"].sr, cases["gfpgan"].lr, None)


@pytest.mark.parametrize("method", ["gfpgan", "diffbir", "dfdnet"])
def test_honest_outputs_have_no_findings(cases, method):
    assert Pictures(cases[method].sr, cases[method].lr, None).found() == {}


def test_outputs_in_jpeg_files_are_seen(cases):
    """The set keeps them as JPEG: nothing else is wrong."""
    some = Pictures(cases["psfrgan-solvay"].sr[:6], cases["psfrgan-solvay"].lr[:6], None).found()
    assert some.keys() == {"jpeg"}
    assert "on 6 of 6 images" in some["jpeg"].text


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("shift", lambda picture: shifted(picture, 3)),
        ("channels", lambda picture: picture[..., ::-1]),
        ("tones", lambda picture: with_gamma(picture, 1 / 2.2)),
        ("tones", lambda picture: levels(picture / 2.0)),
        ("borders", lambda picture: padded(picture, 8)),
        ("jpeg", lambda picture: compressed(picture, 85)),
    ],
)
def test_a_fault_is_found_alone(gfpgan, check, fault):
    assert gfpgan.changed(fault).found().keys() == {check}


def test_lr_handed_in_for_sr(gfpgan):
    assert Pictures(gfpgan.lr, gfpgan.lr, None).found().keys() == {"equal_to_lr"}


def test_the_least_shift_is_known():
    assert threshold(512, 1) == 1.5
