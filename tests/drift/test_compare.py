from __future__ import annotations

from dataclasses import replace
from functools import partial
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from made.drifting import descriptors, enlarge, faces, jpeg, noisy, window
from scipy import stats

from fsrbench.drift import conditional, set_distance, two_samples
from fsrbench.drift.as_json import model
from fsrbench.drift.compare import MOST, _drawn, compare
from fsrbench.drift.verdict import Part, State, Verdict
from fsrbench.drift.windows import Window
from fsrbench.errors import UserError
from fsrbench.metrics.distribution import frechet_distance

COUNT = 120
ALPHA = 0.05


@pytest.fixture(scope="module")
def reference() -> Window:
    return window(faces(COUNT, seed=0), name="reference")


@pytest.fixture(autouse=True)
def fewer_exchanges():  # type: ignore[no-untyped-def]
    with mock.patch.object(two_samples, "PERMUTATIONS", 999), mock.patch.object(conditional, "PERMUTATIONS", 1000):
        yield


def states(verdict: Verdict) -> list[State]:
    return [verdict.state(part) for part in Part]


def test_another_window_of_the_same_source_holds(reference: Window) -> None:
    verdict = compare(window(faces(COUNT, seed=1)), reference)
    assert states(verdict) == [State.HOLDS] * 3
    assert not verdict.red
    assert verdict.overlap > 0.75


@pytest.mark.parametrize("fault", [jpeg, noisy])
def test_a_fault_of_inputs_is_not_blamed_on_outputs(reference: Window, fault) -> None:  # type: ignore[no-untyped-def]
    verdict = compare(window([fault(lr) for lr in faces(COUNT, seed=2)]), reference)
    assert verdict.state(Part.INPUTS) is State.MOVED
    assert verdict.state(Part.BEYOND) is not State.MOVED
    assert verdict.red


def test_a_changed_method_moves_outputs_beyond_inputs(reference: Window) -> None:
    changed = window(faces(COUNT, seed=3), partial(enlarge, strength=1.2))
    verdict = compare(changed, reference)
    assert verdict.state(Part.INPUTS) is State.HOLDS
    assert verdict.state(Part.BEYOND) is State.MOVED
    (detail,) = [each for each in verdict.of(Part.BEYOND) if each.name == "sr_detail"]
    assert detail.after / detail.before == pytest.approx(1.2, rel=0.1)


@pytest.mark.parametrize(("days", "each"), [(12, 1000), (3000, 4)])
def test_a_small_window_is_read_whole_beside_any_reference(days: int, each: int) -> None:
    blocks = np.array([f"r {day}" for day in range(days) for _ in range(each)] + [f"w {k // 6}" for k in range(200)])
    is_window = np.repeat([False, True], [days * each, 200])
    drawn = _drawn(blocks, is_window, seed=0)
    assert drawn[is_window].all()
    assert MOST / 2 - 100 <= drawn.sum() <= MOST
    assert len(set(blocks[drawn & ~is_window])) >= 12
    both = _drawn(blocks, np.arange(len(blocks)) % 2 == 0, seed=0)
    assert both.sum() <= MOST


@pytest.mark.heavy
def test_a_change_of_spread_alone_is_reported_as_such(reference: Window) -> None:
    now = window(faces(COUNT, seed=1))
    name, values = "sr_noise", now.values.copy()
    middle = reference.values[name].median()
    values[name] = middle + 3 * (values[name] - values[name].median())
    verdict = compare(replace(now, values=values), reference)
    (found,) = [each for each in verdict.of(Part.OUTPUTS, State.MOVED) if each.name == name]
    ranges = [stats.iqr(each[name].dropna()) for each in (values, reference.values)]
    assert found.spread == pytest.approx(ranges[0] / ranges[1])
    assert f"SD, spread x{found.spread:.2f}, p" in found.numbers()
    assert model(verdict).model_dump()["findings"][verdict.findings.index(found)]["spread"] == found.spread


@pytest.mark.heavy
def test_the_false_alarm_rate_is_as_declared() -> None:
    """Of 200 pairs of windows of one source 2 to 8 % raise an alarm at 5 %."""
    source = window(faces(400, seed=9)).values
    alarms = 0
    with (
        mock.patch.object(two_samples, "PERMUTATIONS", 199),
        mock.patch.object(conditional, "PERMUTATIONS", 200),
        mock.patch.object(set_distance, "EXCHANGES", 1),
    ):
        for seed in range(200):
            drawn = np.random.default_rng(seed).permutation(len(source))
            first, second = source.iloc[drawn[:40]], source.iloc[drawn[40:80]]
            pair = [Window("w", "mine", "x4", each, tuple(each.index)) for each in (first, second)]
            pair = [descriptors(each, 2 * seed + place) for place, each in enumerate(pair)]
            found = compare(*pair, seed=seed)
            assert "sr_descriptor_kid" in {each.name for each in found.findings}
            alarms += found.red
    assert 4 <= alarms <= 16


def test_findings_share_one_level(reference: Window) -> None:
    verdict = compare(window(faces(COUNT, seed=4)), reference)
    names = set(reference.values)
    assert {each.name for each in verdict.findings if each.part is not Part.BEYOND} == names
    for each in verdict.findings:
        assert np.isnan(each.p_corrected) or each.p_corrected >= each.p - 1e-12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "other"}, "method differs: window has other; the reference reference has mine"),
        ({"task": "x8"}, "task differs: window has x8; the reference reference has x4"),
        ({"blocks": ("ann",) * COUNT}, "window: too few to test: 1 person or day, at least 12 are needed"),
    ],
)
def test_what_cannot_be_compared_is_refused(reference: Window, changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        compare(replace(window(faces(COUNT, seed=5)), **changes), reference)  # type: ignore[arg-type]


def test_too_few_pictures_are_refused(reference: Window) -> None:
    with pytest.raises(UserError, match="too few to test: 5 pictures, at least 12 are needed"):
        compare(window(faces(5, seed=5)), reference)


def with_confidence(base: Window, confidence: float, protocol: str = "how") -> Window:
    values = base.values.assign(detection_confidence=confidence)
    return replace(base, values=values, protocols={"detection_confidence": protocol})


def test_a_window_without_faces_is_refused(reference: Window) -> None:
    empty = with_confidence(window(faces(20, seed=6)), 0.2)
    with pytest.raises(UserError, match="window: no face is found in any of 20 pictures"):
        compare(empty, with_confidence(reference, 0.99))


def test_a_metric_of_another_protocol_is_not_compared(reference: Window) -> None:
    found = compare(with_confidence(window(faces(COUNT, seed=7)), 0.95), with_confidence(reference, 0.99, "otherwise"))
    assert "detection_confidence is not compared: its protocol differs" in found.notes
    assert "detection_confidence" not in {each.name for each in found.findings}


def test_a_metric_of_one_side_is_named(reference: Window) -> None:
    found = compare(window(faces(COUNT, seed=7)), with_confidence(reference, 0.99))
    assert "not compared, window lacks them: detection_confidence" in found.notes


def test_without_inputs_outputs_have_the_whole_level(reference: Window) -> None:
    only = [name for name in reference.values if name.startswith("sr_")]
    pair = [
        replace(each, values=each.values[only])
        for each in (window(faces(COUNT, seed=8), partial(enlarge, strength=3)), reference)
    ]
    found = compare(*pair)
    assert states(found) == [State.OPEN, State.MOVED, State.OPEN]
    assert any("inputs are not compared" in note for note in found.notes)
    assert any("no inputs to compare" in note for note in found.notes)


def test_nothing_in_common(reference: Window) -> None:
    other = replace(reference, values=pd.DataFrame({"niqe": np.arange(30.0)}), blocks=tuple(map(str, range(30))))
    with pytest.raises(UserError, match="have no measure in common"):
        compare(other, reference)


def test_other_weights_and_equal_names_are_noted(reference: Window) -> None:
    again = replace(reference, name="again", weights="a" * 64)
    found = compare(again, replace(reference, weights="b" * 64))
    assert any(note.startswith("other weights: sha256 bbbbbbbbbbbb -> aaaaaaaaaaaa") for note in found.notes)
    assert any(note.startswith(f"{COUNT} pictures with the same name in both") for note in found.notes)


def moved(verdict: Verdict, part: Part) -> set[str]:
    return {each.name for each in verdict.of(part, State.MOVED)}


def test_other_people_are_seen_in_their_descriptors_alone(reference: Window) -> None:
    found = compare(descriptors(window(faces(COUNT, seed=1)), 1, apart=0.6), descriptors(reference, 0))
    assert moved(found, Part.INPUTS) == {"lr_descriptor_kid"}
    assert moved(found, Part.OUTPUTS) == {"sr_descriptor_kid"}
    assert found.state(Part.BEYOND) is State.HOLDS  # the people explain it
    (kid,) = found.of(Part.INPUTS, State.MOVED)
    assert kid.effect == pytest.approx(0.6, rel=0.3)  # of 8 independent numbers, each 0.6 apart
    assert kid.before == 0 < kid.after


def test_a_method_that_pulls_faces_to_a_mean(reference: Window) -> None:
    found = compare(descriptors(window(faces(COUNT, seed=1)), 1, pull=0.3), descriptors(reference, 0))
    assert found.state(Part.INPUTS) is State.HOLDS
    assert moved(found, Part.OUTPUTS) == {"sr_descriptor_distance"}
    assert "sr_descriptor_distance" in moved(found, Part.BEYOND)
    (finding,) = found.of(Part.OUTPUTS, State.MOVED)
    assert finding.after / finding.before == pytest.approx(0.7, rel=0.1)


def test_frechet_distance_is_a_note(reference: Window) -> None:
    pair = descriptors(window(faces(COUNT, seed=1)), 1), descriptors(reference, 0)
    (line,) = [note for note in compare(*pair).notes if note.startswith("FID of SR descriptors")]
    number, by_chance = (float(text.rstrip(";")) for text in (line.split()[4], line.split()[-1]))
    assert number == pytest.approx(frechet_distance(*(each.descriptors["sr"] for each in pair)), abs=1e-4)
    assert 0 < by_chance < 1


def test_descriptors_of_one_side_or_another_protocol_are_named(reference: Window) -> None:
    now = window(faces(COUNT, seed=7))
    assert (
        "not compared, window lacks them: lr_descriptor_distance, lr_descriptor_kid, sr_descriptor_distance, "
        "sr_descriptor_kid" in compare(now, descriptors(reference, 0)).notes
    )
    other = replace(descriptors(now, 1), protocols={"identity_lr": "another"})
    found = compare(other, descriptors(reference, 0))
    assert "sr_descriptor_distance, and so sr_descriptor_kid, is not compared: its protocol differs" in found.notes
    assert not {each.name for each in found.findings} & {"sr_descriptor_distance", "sr_descriptor_kid"}


def test_descriptors_of_two_lengths_by_one_protocol_are_named(reference: Window) -> None:
    now = descriptors(window(faces(COUNT, seed=7)), 1)
    now = replace(now, descriptors={side: numbers[:, :-1] for side, numbers in now.descriptors.items()})
    length = now.descriptors["sr"].shape[1]
    found = compare(now, descriptors(reference, 0))
    why = f"is not compared: descriptors of {length} and {length + 1} numbers"
    assert f"sr_descriptor_distance, and so sr_descriptor_kid, {why}" in found.notes
    assert not {each.name for each in found.findings} & {"sr_descriptor_distance", "sr_descriptor_kid"}


@pytest.mark.parametrize("known", [1, 2])
def test_a_measure_of_one_or_two_pictures_is_not_compared(reference: Window, known: int) -> None:
    """Their spread is not known: nearly every such window would raise an alarm."""
    now = descriptors(window(faces(COUNT, seed=7)), 1)
    few = {side: np.where(np.arange(len(n))[:, None] < known, n, np.nan) for side, n in now.descriptors.items()}
    found = compare(replace(now, descriptors=few), descriptors(reference, 0))
    assert any(
        line.startswith("sr_descriptor_distance, and so sr_descriptor_kid, is not compared: ") for line in found.notes
    )
    assert not {each.name for each in found.findings} & {"sr_descriptor_distance", "sr_descriptor_kid"}


def test_descriptors_of_most_pictures_missing(reference: Window) -> None:
    """A face is not always found: the sets are of those that there are."""
    now = descriptors(window(faces(COUNT, seed=7)), 1, apart=0.8)
    for numbers in now.descriptors.values():
        numbers[::3] = np.nan
    found = compare(now, descriptors(reference, 0))
    assert "lr_descriptor_kid" in moved(found, Part.INPUTS)
    assert "sr_descriptor_distance" not in {each.name for each in found.of(Part.BEYOND)}
