"""Scores against independent computations; intervals, ranks and raters set apart by simulation."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made.raters import davidson, write_raters
from scipy import special, stats

from fsrbench.errors import UserError
from fsrbench.stats.small_samples import t_quantile
from fsrbench.study.answers import Answers, AnswerTable, read_answers
from fsrbench.study.bradley_terry import pairs_of
from fsrbench.study.questions import QUESTIONS
from fsrbench.study.raters import chance
from fsrbench.study.resampling import Crossed
from fsrbench.study.score import StudyScore, agreement, interval, score_question, score_study, strengths_of

from .conftest import STRENGTHS, Study

LOG = np.array([-1.2, -0.7, -0.2, 0.2, 0.7, 1.2])
"""True log-strengths of the simulated methods."""
TIE, OF_IMAGE, OF_RATER = -0.5, 0.5, 0.4
"""Davidson's log v; standard deviations of what an image and a rater add to each method's log-strength."""


@pytest.fixture(scope="module")
def scored(answers: Path, study: Study) -> tuple[Answers, StudyScore]:
    found = read_answers([answers], study.key_file)
    return found, score_study(found, draws=300)


def true_preference() -> np.ndarray:
    """Mean over all raters and images of the probability to be preferred over another method."""
    points, weights = np.polynomial.hermite_e.hermegauss(60)
    spread = math.sqrt(2 * (OF_IMAGE**2 + OF_RATER**2)) * points
    shares = np.zeros((len(LOG), len(LOG)))
    for a, b in pairs_of(len(LOG)):
        first, second, tied = davidson(LOG[a] - LOG[b] + spread, TIE).T
        shares[a, b] = (weights * (first + tied / 2)).sum() / weights.sum()
        shares[b, a] = (weights * (second + tied / 2)).sum() / weights.sum()
    return shares.sum(axis=1) / (len(LOG) - 1)


def simulate(raters: int, images: int, each: int, seed: int) -> Crossed:
    """Answers of raters and images drawn anew; each rater answers as many pairs, in a balanced design."""
    random = np.random.default_rng(seed)
    pairs = np.array(pairs_of(len(LOG)))
    place = np.arange(raters * each)
    pair, rater = place % len(pairs), place // each
    image = (pair + place // len(pairs)) % images
    strength = LOG + random.normal(0, OF_IMAGE, (images, len(LOG)))[image]
    strength += random.normal(0, OF_RATER, (raters, len(LOG)))[rater]
    first, second = pairs[pair].T
    chances = davidson(strength[place, first] - strength[place, second], TIE)
    outcome = (random.random(len(place))[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    return Crossed(pair * 3 + outcome, 3 * len(pairs), rater, image)


def held(raters: int, images: int, each: int, draws: int, resamples: int) -> float:
    """How often intervals of preference cover the truth, over methods and draws."""
    truth, count = true_preference(), 0
    for seed in range(draws):
        crossed = simulate(raters, images, each, seed)

        def statistic(counts: np.ndarray) -> np.ndarray:
            return strengths_of(counts, len(LOG)).preference()

        values = statistic(crossed.total)[0]
        errors = crossed.covariance(statistic, seed, resamples).errors()
        for value, error, true in zip(values, errors, truth, strict=True):
            low, high = interval(float(value), float(error), crossed.clusters)
            count += low <= true <= high
    return count / draws / len(LOG)


@pytest.mark.heavy
def test_intervals_hold_the_truth_fast() -> None:
    assert 0.9 <= held(raters=60, images=40, each=30, draws=30, resamples=150) <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize(("raters", "images"), [(500, 60), (20, 24), (100, 48)])
def test_intervals_hold_the_truth_in_93_to_97_per_cent_of_200_draws(raters: int, images: int) -> None:
    assert 0.93 <= held(raters, images, each=30, draws=200, resamples=500) <= 0.97


def test_pigeonhole_draws_are_more_cautious_than_intervals() -> None:
    crossed = simulate(40, 40, 30, 0)

    def statistic(counts: np.ndarray) -> np.ndarray:
        return strengths_of(counts, len(LOG)).preference()

    counts, of_person = crossed.crossed_draws(0, 200)
    assert of_person.shape == (200, 40)
    assert (statistic(counts).std(axis=0) > 1.2 * crossed.covariance(statistic, 0, 300).errors()).all()


@pytest.mark.heavy
def test_errors_are_the_spread_of_repeated_studies() -> None:
    def statistic(counts: np.ndarray) -> np.ndarray:
        return strengths_of(counts, len(LOG)).preference()

    found = [simulate(40, 30, 30, seed) for seed in range(60)]
    spread = np.array([statistic(crossed.total)[0] for crossed in found]).std(axis=0, ddof=1)
    errors = np.mean([crossed.covariance(statistic, 0, 200).errors() for crossed in found[:8]], axis=0)
    assert np.mean(errors / spread) == pytest.approx(1, abs=0.15)


def test_order_and_ranks_follow_the_strengths(scored: tuple[Answers, StudyScore]) -> None:
    for question in scored[1].questions:
        assert [m.method for m in question.methods] == ["ours", "scgan", "bicubic"]
        assert [m.rank for m in question.methods] == ["1", "2", "3"]
        assert sum(m.preference for m in question.methods) == pytest.approx(1.5)
        assert sum(m.log_strength for m in question.methods) == pytest.approx(0, abs=1e-9)
        for method in question.methods:
            assert method.ci_low < method.preference < method.ci_high


def test_wins_losses_and_ties_are_counted(scored: tuple[Answers, StudyScore]) -> None:
    answers, score = scored
    table = answers.table(0, [rater for rater in answers.raters if not rater.name.startswith("random")])
    place = answers.key.methods.index("ours")
    wins = ((table.first == place) & (table.outcome == 0)) | ((table.second == place) & (table.outcome == 1))
    ours = next(m for m in score.questions[0].methods if m.method == "ours")
    assert ours.wins == wins.sum()
    assert ours.n == ((table.first == place) | (table.second == place)).sum()
    assert score.questions[0].answers == 20 * 6


def test_raters_who_click_at_random_change_no_rank(study: Study, tmp_path: Path) -> None:
    write_raters(tmp_path, study.key, 60, STRENGTHS)
    alone = score_study(read_answers([tmp_path], study.key_file), draws=100)
    write_raters(tmp_path, study.key, 60, STRENGTHS, seed=5, clicks=True)
    both = score_study(read_answers([tmp_path], study.key_file), draws=100)
    apart = [check for check in both.raters if not check.counts]
    assert all(check.name.startswith("random") for check in apart)
    assert len(apart) >= 54  # 9 in 256 have 7 of 8 catch pairs right
    for one, other in zip(alone.questions, both.questions, strict=True):
        assert [(m.method, m.rank) for m in one.methods] == [(m.method, m.rank) for m in other.methods]
        assert [m.rank for m in one.methods] == ["1", "2", "3"]


def test_where_none_of_them_passes_no_number_changes(study: Study, tmp_path: Path) -> None:
    write_raters(tmp_path, study.key, 20, STRENGTHS)
    alone = score_study(read_answers([tmp_path], study.key_file), draws=50)
    write_raters(tmp_path, study.key, 5, STRENGTHS, seed=6, clicks=True)
    both = score_study(read_answers([tmp_path], study.key_file), draws=50)
    assert [check.name for check in both.raters if not check.counts] == [f"random {number}" for number in range(1, 6)]
    assert alone.questions == both.questions


def test_equal_methods_share_a_rank(study: Study, tmp_path: Path) -> None:
    write_raters(tmp_path, study.key, 20, (0.0, 0.0, 0.0))
    found = score_study(read_answers([tmp_path], study.key_file), draws=200)
    assert {m.rank for m in found.questions[0].methods} == {"1-3"}


def test_rule_of_catch_pairs_is_the_binomial_one() -> None:
    for of in range(12):
        for right in range(of + 1):
            assert chance(right, of) == pytest.approx(1.0 if right == 0 else special.bdtrc(right - 1, of, 0.5))
    assert chance(7, 8) < 0.05 < chance(6, 8)
    assert chance(5, 5) < 0.05 < chance(4, 4)


def test_rater_who_left_early_is_set_apart_with_the_reason(study: Study, tmp_path: Path) -> None:
    write_raters(tmp_path, study.key, 1, STRENGTHS, only=5)
    with pytest.raises(UserError, match=r"no rater's answers count: rater 1: too few catch pairs answered \(\d; 5"):
        score_study(read_answers([tmp_path], study.key_file))


def test_checks_of_a_rater_who_always_clicks_left(study: Study, tmp_path: Path) -> None:
    write_raters(tmp_path, study.key, 1, STRENGTHS)
    file = next(tmp_path.glob("*.json"))
    file.write_text(file.read_text().replace('"right"', '"left"').replace('"none"', '"left"'))
    write_raters(tmp_path / "other", study.key, 2, STRENGTHS)
    (tmp_path / "other" / "answers-rater-1.json").unlink()
    found = score_study(read_answers([file, tmp_path / "other"], study.key_file), draws=50)
    left = found.raters[0]
    assert (left.left, left.caught, left.catches, left.repeated) == (1.0, 4, 8, 0)
    assert left.reason.startswith("HR preferred in 4 of 8 catch pairs")


def table_of(study: Study, units: list[str]) -> AnswerTable:
    """One pair on an image per unit, with the outcomes of its raters: 0, 1 or 2 each."""
    image = np.repeat(np.arange(len(units)), [len(unit) for unit in units])
    outcome = np.array([int(letter) for unit in units for letter in unit])
    rater = np.concatenate([np.arange(len(unit)) for unit in units])
    return AnswerTable(study.key, np.zeros_like(image), np.ones_like(image), outcome, image, rater)


def test_krippendorffs_alpha_is_that_of_his_formula(study: Study) -> None:
    """Ordinal, from coincidences: Krippendorff, Content Analysis, 2004, 11.3."""
    units = ["001", "222", "12", "0", "1120", "00", "212"]
    mirrored = [unit.translate(str.maketrans("01", "10")) for unit in units]  # either method may be called the first
    order = {"0": 0, "2": 1, "1": 2}
    coincidences = np.zeros((3, 3))
    for unit in units + mirrored:
        for a, one in enumerate(unit):
            for b, other in enumerate(unit):
                if a != b:
                    coincidences[order[one], order[other]] += 1 / (len(unit) - 1)
    margin = coincidences.sum(axis=1)
    apart = np.zeros((3, 3))
    for c in range(3):
        for k in range(c + 1, 3):
            apart[c, k] = apart[k, c] = (margin[c : k + 1].sum() - (margin[c] + margin[k]) / 2) ** 2
    expected = 1 - (margin.sum() - 1) * (coincidences * apart).sum() / (np.outer(margin, margin) * apart).sum()
    alpha, reason = agreement(table_of(study, units))
    assert alpha == pytest.approx(expected)
    assert reason == ""


def test_alpha_does_not_depend_on_which_method_is_called_the_first(study: Study) -> None:
    always_the_same = agreement(table_of(study, ["000", "000", "001", "00"]))
    now_one_now_the_other = agreement(table_of(study, ["000", "111", "110", "00"]))
    assert always_the_same == now_one_now_the_other
    assert always_the_same[0] > 0.5
    assert agreement(table_of(study, ["00", "000"])) == (1.0, "")


@pytest.mark.parametrize(
    ("units", "reason"),
    [(["0", "1"], "no pair was answered by two raters"), (["22", "22"], "nobody saw a difference")],
)
def test_why_there_is_no_alpha(study: Study, units: list[str], reason: str) -> None:
    alpha, said = agreement(table_of(study, units))
    assert math.isnan(alpha)
    assert said == reason


def test_without_the_library_the_reason_says_what_to_install(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "krippendorff", None)
    assert agreement(table_of(study, ["00", "11"]))[1] == "needs the package krippendorff: pip install fsrbench[study]"


def test_method_that_nobody_was_asked_about_has_no_number(study: Study) -> None:
    found = score_question(QUESTIONS[0], table_of(study, ["00", "01", "22"]), draws=50)
    last = found.methods[-1]
    assert (last.method, last.n) == ("scgan", 0)
    assert math.isnan(last.preference)


def test_one_rater_has_no_interval(study: Study) -> None:
    table = table_of(study, ["0", "1", "0", "2"])
    found = score_question(QUESTIONS[0], replace(table, rater=np.zeros_like(table.rater)), draws=50)
    assert math.isnan(found.methods[0].ci_low)
    assert found.methods[0].rank == "1-3"


@pytest.mark.parametrize(("raters", "ranks"), [(2, ["1-2", "1-2"]), (6, ["1", "2"])])
def test_raters_who_all_say_the_same_are_as_many_trials(study: Study, raters: int, ranks: list[str]) -> None:
    """Sixteen answers of two raters are two opinions, as the sign test and Clopper and Pearson have them."""
    key = study.key.model_copy(update={"methods": study.key.methods[:2], "people": list(range(8))})
    table = replace(table_of(study, ["0" * raters] * 8), key=key)
    first, last = score_question(QUESTIONS[0], table, draws=50).methods
    assert (first.wins, last.losses) == (8 * raters, 8 * raters)
    assert [first.rank, last.rank] == ranks
    exact = stats.binomtest(raters, raters).proportion_ci(method="exact")
    assert (first.ci_low, first.ci_high) == pytest.approx((exact.low, exact.high), abs=0.01)
    assert (last.ci_low, last.ci_high) == pytest.approx((1 - exact.high, 1 - exact.low), abs=0.01)


def test_interval_is_students_t_of_log_odds_and_stays_inside() -> None:
    low, high = interval(0.9, 0.04, 12)
    half = t_quantile(12) * 0.04 / 0.09
    assert math.log(low / (1 - low)) == pytest.approx(math.log(9) - half)
    assert math.log(high / (1 - high)) == pytest.approx(math.log(9) + half)
    low, high = interval(1.0, 0.0, 20)
    assert low == pytest.approx(0.025 ** (1 / 20))  # exact for 20 raters who all agree
    assert high == 1
    assert all(map(math.isnan, interval(0.5, math.inf, 1)))
