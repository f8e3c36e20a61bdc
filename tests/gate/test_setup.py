"""What cannot be compared is refused with both sides named; what merely differs is a note."""

from __future__ import annotations

from typing import Any

import pytest
from made.gate import AGAINST, MANIFEST, METRICS, Values, made_run, one, psnr, verdict

from fsrbench.errors import UserError
from fsrbench.gate.check import check
from fsrbench.gate.findings import Kind
from fsrbench.gate.setup import Incomparable
from fsrbench.gate.update import make

VALUES: Values = {"psnr": {"ours": psnr()}}
DATA = MANIFEST["dataset"]
HOW = MANIFEST["degradation"]


def refusals(**manifest: Any) -> list[str]:
    with pytest.raises(Incomparable) as caught:
        verdict(VALUES, VALUES, **manifest)
    return caught.value.lines


@pytest.mark.parametrize(
    ("manifest", "what", "here", "there"),
    [
        ({"task": "x8"}, "task", "x8", "x4"),
        ({"dataset": DATA | {"sha256": "12" * 32}}, "data", "sha256 121212121212", "sha256 abababababab"),
        ({"dataset": DATA | {"n": 59}}, "number of images", "59", "60"),
        ({"degradation": HOW | {"name": "bicubic"}}, "degradation", "bicubic", "realworld"),
        ({"degradation": HOW | {"protocol": "blur"}}, "protocol of the degradation", "blur", "blur, noise, JPEG"),
        ({"degradation": HOW | {"seed": 3}}, "seed of degradation and folds", "3", "0"),
        ({"protocols": {"psnr": "Y"}}, "protocol of psnr", "'Y'", "'how psnr is computed'"),
        (
            {"metric_weights": {"fan": {"file": "fan", "sha256": "98" * 32}}},
            "weight file fan of a metric",
            "989898989898",
            "cdcdcdcdcdcd",
        ),
        (
            {"reference": {"name": "ffhq", "n": 9, "sha256": "56" * 32}},
            "reference set",
            "ffhq (sha256 565656565656)",
            "none",
        ),
    ],
)
def test_refused_in_one_line_that_names_both_sides(manifest: dict[str, Any], what: str, here: str, there: str) -> None:
    (line,) = refusals(**manifest)
    assert line.startswith(f"{what} differs: run has ")
    ours, theirs = line.split("; the reference has ")
    assert here in ours
    assert there in theirs
    assert "\n" not in line


def test_seed_counts_where_lr_is_given_too() -> None:
    """Nothing is degraded then, but the folds of verification are drawn."""
    given = {"name": "none", "protocol": "LR as given"}
    held = make(made_run(VALUES, degradation=given, spec={"seed": 0}))
    other = made_run(VALUES, degradation=given, spec={"seed": 1})
    with pytest.raises(Incomparable, match="seed"):
        check(other, held, AGAINST)


def test_every_difference_has_its_line() -> None:
    assert len(refusals(task="x8", degradation=HOW | {"name": "bicubic", "seed": 1})) == 3


def test_unit_of_a_metric_is_part_of_its_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    held = make(made_run(VALUES))
    monkeypatch.setitem(METRICS, "psnr", METRICS["psnr"] | {"unit": "bel"})
    with pytest.raises(Incomparable, match="protocol of psnr"):
        check(made_run(VALUES), held, AGAINST)


def test_name_of_the_data_is_free() -> None:
    assert not verdict(VALUES, VALUES, dataset=DATA | {"name": "renamed"}).red


def test_weights_of_a_metric_that_is_not_held_do_not_count() -> None:
    more = MANIFEST["metric_weights"] | {"niqe": {"file": "niqe", "sha256": "11" * 32}}
    assert not verdict(VALUES, VALUES, metric_weights=more).red


@pytest.mark.parametrize(
    ("manifest", "note"),
    [
        ({"versions": {"fsrbench": "0.1.0", "torch": "2.10.0"}}, "torch 2.9.0 -> 2.10.0"),
        ({"versions": {"fsrbench": "0.1.0"}}, "torch 2.9.0 -> not installed"),
        ({"machine": {"cpu": "another", "device": "cpu"}}, "processor a processor -> another"),
        (
            {"methods": {"ours": {"status": "ok", "weights_sha256": "77" * 32}}},
            "ours has other weights: sha256 ours00000000 -> sha256 777777777777",
        ),
    ],
)
def test_what_merely_differs_is_a_note(manifest: dict[str, Any], note: str) -> None:
    found = verdict(VALUES, VALUES, **manifest)
    assert found.notes == [note]
    assert one(found).kind is Kind.HOLDS


@pytest.mark.parametrize("missing", ["task", "dataset", "degradation"])
def test_manifest_that_does_not_say_enough_is_refused(missing: str) -> None:
    run = made_run(VALUES)
    del run.manifest[missing]
    with pytest.raises(UserError, match=f"manifest.json lacks what the gate compares.*{missing}"):
        check(run, make(made_run(VALUES)), AGAINST)
