"""What the gate decides: regressed, lost, improved, appeared, within chance, holds, not gated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made.gate import PEOPLE, N, Values, edited, kinds, made_run, one, psnr, verdict

from fsrbench.errors import UserError
from fsrbench.gate.findings import Kind
from fsrbench.gate.update import make
from fsrbench.runs.times import BAND

RNG = np.random.default_rng(7)
WORSE = np.abs(RNG.normal(0.05, 0.02, N))
"""A loss on nearly every image."""


def scores(values: np.ndarray, method: str = "ours", metric: str = "psnr") -> Values:
    return {metric: {method: values}}


def test_same_scores_hold() -> None:
    values: Values = {"psnr": {"ours": psnr(0), "scgan": psnr(1)}, "params": {"ours": 0.7, "scgan": 15.0}}
    found = verdict(values, values)
    assert set(kinds(found).values()) == {Kind.HOLDS}
    assert len(found.findings) == 4
    assert not found.red
    assert found.advice() == ""


def test_real_loss_beyond_the_tolerance_is_regressed() -> None:
    found = verdict(scores(psnr()), scores(psnr() - WORSE))
    finding = one(found)
    assert found.red
    assert finding.kind is Kind.REGRESSED
    assert finding.change == pytest.approx(-WORSE.mean(), abs=1e-6)
    assert finding.p_corrected < 0.01
    assert finding.paired is not None
    assert finding.paired.ci_low < finding.change < finding.paired.ci_high < 0


def test_real_gain_is_improved_and_advises_an_update() -> None:
    found = verdict(scores(psnr()), scores(psnr() + WORSE))
    assert one(found).kind is Kind.IMPROVED
    assert not found.red
    assert "--update" in found.advice()


@pytest.mark.parametrize(("change", "kind"), [(0.001, Kind.REGRESSED), (-0.001, Kind.IMPROVED)])
def test_where_lower_is_better_more_is_worse(change: float, kind: Kind) -> None:
    errors = 0.02 + 0.001 * RNG.normal(size=N)
    found = verdict(scores(errors, metric="landmark_nme"), scores(errors + change, metric="landmark_nme"))
    assert one(found).kind is kind


def test_loss_within_the_tolerance_holds_however_sure_it_is() -> None:
    assert one(verdict(scores(psnr()), scores(psnr() - 0.0049))).kind is Kind.HOLDS
    assert one(verdict(scores(psnr()), scores(psnr() - 0.0052))).kind is Kind.REGRESSED


def test_noise_beyond_the_tolerance_is_within_chance() -> None:
    noise = np.random.default_rng(3).normal(0, 0.5, N)
    noise += -0.02 - noise.mean()  # four times the tolerance, a thirtieth of the noise's interval
    found = verdict(scores(psnr()), scores(psnr() + noise))
    assert one(found).kind is Kind.CHANCE
    assert not found.red


def test_people_are_drawn_not_pictures() -> None:
    """Two people with many pictures each got worse: sixty pictures would say so, twenty people do not."""
    images = [f"p{min(i, 19):02}/{i}" for i in range(18)] + [f"q{i % 2}/{i}" for i in range(42)]
    loss = np.array([0.5 if image.startswith("q") else 0.0 for image in images])
    before, after = made_run(scores(psnr()), images=images), scores(psnr() - loss)
    found = verdict(make(before), after, images=images)
    assert one(found).kind is Kind.CHANCE
    alone = [f"r{i}" for i in range(N)]
    assert one(verdict(make(made_run(scores(psnr()), images=alone)), after, images=alone)).kind is Kind.REGRESSED


def test_with_few_people_the_tolerance_alone_decides() -> None:
    images = [f"p{i % 5}/{i}" for i in range(N)]
    before = make(made_run(scores(psnr()), images=images))
    finding = one(verdict(before, scores(psnr() - WORSE), images=images))
    assert finding.kind is Kind.REGRESSED
    assert finding.paired is None


@pytest.mark.parametrize("metric", ["params", "fid_face"])
def test_without_scores_the_tolerance_alone_decides(metric: str) -> None:
    def run(value: float) -> Values:
        return {metric: {"ours": value}}

    assert one(verdict(run(1.0), run(1.03))).kind is Kind.REGRESSED
    assert one(verdict(run(1.0), run(0.97))).kind is Kind.IMPROVED
    assert one(verdict(run(1.0), run(1.0))).kind is Kind.HOLDS


def test_blocks_of_a_set_metric_are_tested_like_images() -> None:
    blocks = 0.1 + 0.02 * np.random.default_rng(0).normal(size=24)
    worse = np.abs(np.random.default_rng(1).normal(0.01, 0.002, 24))
    noise = np.random.default_rng(2).normal(0, 0.05, 24)
    noise += 0.01 - noise.mean()

    def run(values: np.ndarray) -> Values:
        return {"psnr": {"ours": psnr()}, "fid_face": {"ours": values}}

    assert kinds(verdict(run(blocks), run(blocks + worse)))["ours", "fid_face"] is Kind.REGRESSED
    assert kinds(verdict(run(blocks), run(blocks + noise)))["ours", "fid_face"] is Kind.CHANCE


def test_larger_of_both_tolerances_counts() -> None:
    reference = make(made_run(scores(psnr())))
    place = ("methods", "ours", "metrics", "psnr")
    for absolute, relative, kind in [
        (0.2, 0.0, Kind.HOLDS),
        (0.0, 0.01, Kind.HOLDS),  # 0.26 dB
        (0.0, 0.001, Kind.REGRESSED),  # 0.026 dB
        (0.01, 0.001, Kind.REGRESSED),
        (0.03, 0.001, Kind.REGRESSED),  # 0.056 together
        (None, None, Kind.REGRESSED),
        (None, 0.01, Kind.HOLDS),
    ]:
        held = edited(reference, *place, abs_tolerance=absolute, rel_tolerance=relative)
        assert one(verdict(held, scores(psnr() - WORSE))).kind is kind, (absolute, relative)


def test_without_any_tolerance_the_same_number_holds() -> None:
    place = ("methods", "ours", "metrics", "fid_face")
    for value in (1 / 3, 0.685427, 1e-9 / 7, 123456.7891234567):
        held = edited(make(made_run({"fid_face": {"ours": value}})), *place, abs_tolerance=0, rel_tolerance=0)
        assert one(verdict(held, {"fid_face": {"ours": value}})).kind is Kind.HOLDS
        assert one(verdict(held, {"fid_face": {"ours": value * 1.000001}})).kind is Kind.REGRESSED


def test_vanished_method_is_lost() -> None:
    both: Values = {"psnr": {"ours": psnr(0), "scgan": psnr(1)}}
    found = verdict(both, scores(psnr(0)))
    assert found.red
    assert kinds(found) == {("scgan", ""): Kind.LOST, ("ours", "psnr"): Kind.HOLDS}


def test_vanished_metric_is_lost() -> None:
    both: Values = {"psnr": {"ours": psnr()}, "params": {"ours": 1.0}}
    found = verdict(both, scores(psnr()))
    assert found.red
    assert kinds(found)["ours", "params"] is Kind.LOST


@pytest.mark.parametrize("status", ["failed", "unavailable", "invalid"])
def test_metric_that_is_no_longer_ok_is_lost_with_the_reason(status: str) -> None:
    both: Values = {"psnr": {"ours": psnr()}, "params": {"ours": 1.0}}
    found = verdict(both, {"psnr": {"ours": psnr()}, "params": {"ours": {"status": status, "note": "no file"}}})
    assert kinds(found)["ours", "params"] is Kind.LOST
    assert found.of(Kind.LOST)[0].note == f"{status}: no file"


def test_failed_value_is_lost_even_if_it_was_computed() -> None:
    """A method that fails on some images has a value over the others."""
    found = verdict(scores(psnr()), {"psnr": {"ours": {"value": 30.0, "status": "failed", "note": "1 image"}}})
    assert found.of(Kind.LOST)


def test_method_without_any_number_is_one_finding() -> None:
    both: Values = {"psnr": {"ours": psnr()}, "params": {"ours": 1.0}}
    gone = {"status": "unavailable", "note": "no weights"}
    found = verdict(both, {"psnr": {"ours": gone}, "params": {"ours": gone}})
    assert kinds(found) == {("ours", ""): Kind.LOST}
    assert "no weights" in one(found).note


def test_lost_images_do_not_pass_though_the_mean_rises() -> None:
    after = psnr()
    after[np.argsort(after)[:3]] = np.nan
    finding = one(verdict(scores(psnr()), scores(after)))
    assert finding.change > 0
    assert finding.kind is Kind.LOST
    assert finding.note == f"3 of {N} images no longer have a score"


def test_infinite_score_is_a_score() -> None:
    after = psnr()
    after[0] = np.inf
    assert one(verdict(scores(psnr()), scores(after))).kind is not Kind.LOST


def test_pictures_that_become_equal_to_hr_are_no_loss_though_the_mean_of_the_others_falls() -> None:
    after = np.where(psnr() > np.sort(psnr())[2], np.inf, psnr() + 0.5)
    finding = one(verdict(scores(psnr()), scores(after)))
    assert finding.change < -1
    assert finding.kind is Kind.CHANCE


def test_what_is_new_is_reported_and_passes() -> None:
    after: Values = {"psnr": {"ours": psnr(), "scgan": psnr(1)}, "params": {"ours": 1.0, "scgan": 2.0}}
    found = verdict(scores(psnr()), after)
    assert kinds(found) == {
        ("ours", "psnr"): Kind.HOLDS,
        ("ours", "params"): Kind.APPEARED,
        ("scgan", ""): Kind.APPEARED,
    }
    assert not found.red
    assert "--update" in found.advice()


def test_metric_without_a_direction_is_not_gated() -> None:
    values: Values = {"psnr": {"ours": psnr()}, "hue": {"ours": 1.0}}
    assert list(kinds(verdict(values, {"psnr": {"ours": psnr()}, "hue": {"ours": 9.0}}))) == [("ours", "psnr")]


def test_ceiling_that_moves_says_that_the_measure_changed() -> None:
    hits = np.ones(N)
    fewer = hits.copy()
    fewer[: N // 2] = 0
    finding = one(verdict(scores(hits, "hr", "detection"), scores(fewer, "hr", "detection")))
    assert finding.kind is Kind.REGRESSED
    assert "not a method" in finding.note


def timed(ours: float, scgan: float, metric: str = "latency_ms") -> Values:
    return {metric: {"scgan": scgan, "ours": ours}}


def test_only_the_ratio_of_times_counts() -> None:
    assert one(verdict(timed(5, 60), timed(50, 600))).kind is Kind.HOLDS
    assert one(verdict(timed(5, 60), timed(9.9, 60))).kind is Kind.HOLDS
    assert one(verdict(timed(5, 60), timed(10.1, 60))).kind is Kind.REGRESSED
    assert one(verdict(timed(5, 60), timed(1, 60))).kind is not Kind.REGRESSED


def test_throughput_counts_the_other_way_round() -> None:
    assert one(verdict(timed(100, 10, "throughput"), timed(51, 10, "throughput"))).kind is Kind.HOLDS
    assert one(verdict(timed(100, 10, "throughput"), timed(49, 10, "throughput"))).kind is Kind.REGRESSED


def test_base_of_the_ratio_is_the_reference_s() -> None:
    asked: Any = {"spec": {"seed": 0, "ratio_to": "ours"}}
    reference = make(made_run(timed(5, 60), **asked))
    assert reference.setup.timing_base == "ours"
    assert kinds(verdict(reference, timed(50, 600))) == {("scgan", "latency_ms"): Kind.HOLDS}


NETWORK = {"weights_sha256": "ab" * 32}


@pytest.mark.parametrize(
    ("values", "networks", "base"),
    [
        ({"bicubic": 0.3, "scgan": 60.0, "ours": 5.0}, ("scgan", "ours"), "scgan"),
        ({"bicubic": 3.0, "ours": 5.0}, ("ours",), "ours"),
        ({"bicubic": 3.0, "ours": 0.5}, ("ours",), "bicubic"),
        ({"bicubic": 0.3, "ours": 0.5}, ("ours",), None),
    ],
)
def test_the_base_is_a_network_that_takes_its_time(
    values: dict[str, float], networks: tuple[str, ...], base: str | None
) -> None:
    methods = {name: NETWORK if name in networks else {} for name in values}
    reference = make(made_run({"params": dict.fromkeys(values, 1.0), "latency_ms": values}, methods=methods))
    assert reference.setup.timing_base == base
    held = {name for name, method in reference.methods.items() if "latency_ms" in method.metrics}
    assert held == (set(values) - {base} if base else set())


def test_a_base_whose_batches_are_too_fast_is_not_used() -> None:
    rates = {"bicubic": 30_000.0, "ours": 900.0}  # 16 images in 0.5 and 17.8 ms
    assert make(made_run({"throughput": rates})).setup.timing_base == "ours"


def test_a_fast_base_that_was_asked_for_is_refused() -> None:
    asked: Any = {"spec": {"seed": 0, "ratio_to": "bicubic"}}
    with pytest.raises(UserError, match=r"bicubic takes 0.3 ms, .* run it with --ratio-to and a network"):
        make(made_run({"latency_ms": {"bicubic": 0.3, "ours": 5.0}}, **asked))


def test_times_beside_a_fast_base_of_an_older_reference_are_not_gated() -> None:
    slow: Values = {"latency_ms": {"bicubic": 3.0, "ours": 50.0}}
    reference = make(made_run(slow))
    assert reference.setup.timing_base == "bicubic"
    found = verdict(reference, {"latency_ms": {"bicubic": 0.3, "ours": 50.0}})
    assert kinds(found) == {("ours", "latency_ms"): Kind.SKIPPED}
    assert any("times are not gated: bicubic takes 0.3 ms" in note for note in found.notes)


def test_a_tolerance_of_times_is_never_below_the_band() -> None:
    reference = make(made_run(timed(5, 60)))
    held = reference.methods["ours"].metrics["latency_ms"]
    exact = reference.methods["ours"].model_copy(
        update={"metrics": {"latency_ms": held.model_copy(update={"rel_tolerance": 0.0})}}
    )
    strict = reference.model_copy(update={"methods": reference.methods | {"ours": exact}})
    assert one(verdict(strict, timed(5 * 0.99 * BAND, 60))).kind is Kind.HOLDS
    assert one(verdict(strict, timed(5 * 1.01 * BAND, 60))).kind is Kind.REGRESSED


def measured(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "ci_low": low, "ci_high": high}


@pytest.mark.parametrize(
    ("metric", "before", "noisy", "steady"),
    [
        ("latency_ms", {"scgan": 60.0, "ours": 5.0}, (14.0, 8.0, 20.0), (14.0, 13.5, 14.5)),
        ("throughput", {"scgan": 20.0, "ours": 240.0}, (90.0, 60.0, 230.0), (90.0, 88.0, 92.0)),
    ],
)
def test_times_that_scatter_widely_are_within_chance(
    metric: str, before: dict[str, float], noisy: tuple[float, float, float], steady: tuple[float, float, float]
) -> None:
    base = before["scgan"]
    spread = {"scgan": measured(base, 0.95 * base, 1.05 * base)}
    found = one(verdict({metric: before}, {metric: spread | {"ours": measured(*noisy)}}))
    assert found.kind is Kind.CHANCE
    assert found.note.startswith("too noisy to tell: ")
    assert one(verdict({metric: before}, {metric: spread | {"ours": measured(*steady)}})).kind is Kind.REGRESSED


def test_a_base_that_scatters_widely_hides_no_slow_method() -> None:
    before = {"latency_ms": {"scgan": 60.0, "ours": 5.0}}
    base = measured(60.0, 30.0, 90.0)
    for time, kind in ((12.0, Kind.CHANCE), (18.0, Kind.REGRESSED)):
        after = {"latency_ms": {"scgan": base, "ours": measured(time, 0.98 * time, 1.02 * time)}}
        assert one(verdict(before, after)).kind is kind


def test_times_without_the_base_are_lost() -> None:
    with_psnr: Values = {"psnr": {"scgan": psnr(1), "ours": psnr()}, **timed(5, 60)}
    without: Values = {"psnr": {"ours": psnr()}, "latency_ms": {"ours": 5.0}}
    found = verdict(with_psnr, without)
    assert kinds(found)["scgan", ""] is Kind.LOST
    assert kinds(found)["ours", "latency_ms"] is Kind.LOST


def test_another_kind_of_device_gates_neither_times_nor_memory() -> None:
    before: Values = {"psnr": {"scgan": psnr(1), "ours": psnr()}, **timed(5, 60), "peak_memory": {"ours": 5.0}}
    after: Values = {"psnr": {"scgan": psnr(1), "ours": psnr()}, **timed(90, 60), "peak_memory": {"ours": 50.0}}
    assert verdict(before, after).red
    found = verdict(before, after, machine={"cpu": "a processor", "device": "a large one"})
    assert not found.red
    assert {key for key, kind in kinds(found).items() if kind is Kind.SKIPPED} == {
        ("ours", "latency_ms"),
        ("ours", "peak_memory"),
    }
    assert any("speed and memory are not gated" in note for note in found.notes)


def test_what_matters_comes_first() -> None:
    before: Values = {"psnr": {"a": psnr(), "b": psnr(), "c": psnr(), "d": psnr()}}
    after: Values = {"psnr": {"a": psnr(), "b": psnr() + 1, "d": psnr() - 1, "e": psnr()}}
    found = verdict(before, after)
    assert [f.kind for f in found.findings] == [
        Kind.REGRESSED, Kind.LOST, Kind.IMPROVED, Kind.APPEARED, Kind.HOLDS,
    ]  # fmt: skip
    assert found.summary() == "regressed: 1 regressed, 1 lost, 1 improved, 1 appeared, 1 holds"


def test_methods_that_did_not_change_cost_no_power() -> None:
    """A loss that alone has p = 0.007 is as clear beside sixty methods whose scores moved by numerical noise alone."""
    loss = np.where(np.arange(N) < 21, 0.2, 0.0) + np.where(np.arange(N) >= 57, -0.05, 0.0)  # of 8 people one gained
    rng = np.random.default_rng(0)
    before = {f"m{i:02}": psnr(i) for i in range(60)}
    after = {name: values + 1e-4 * rng.normal(size=N) for name, values in before.items()} | {
        "m00": before["m00"] - loss
    }
    alone = one(verdict(scores(psnr()), scores(psnr() - loss)))
    assert alone.kind is Kind.REGRESSED
    assert 0.005 < alone.p_corrected < 0.01
    among = kinds(verdict({"psnr": before}, {"psnr": after}))
    assert among.pop(("m00", "psnr")) is Kind.REGRESSED
    assert set(among.values()) == {Kind.HOLDS}


def test_one_change_among_very_many_tests_is_still_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No permutation test resolves so small a p; its bound does."""
    monkeypatch.setattr(
        "fsrbench.stats.intervals.mean_interval", lambda *_: (0.0, 0.0)
    )  # decides nothing and takes long
    rng = np.random.default_rng(5)
    before = {f"m{i:03}": psnr(i) for i in range(160)}
    after = {name: values + np.repeat(rng.choice([-0.1, 0.1], PEOPLE), 3) for name, values in before.items()}
    after["m000"] = before["m000"] - 0.1
    found = verdict({"psnr": before}, {"psnr": after})
    assert kinds(found)["m000", "psnr"] is Kind.REGRESSED
