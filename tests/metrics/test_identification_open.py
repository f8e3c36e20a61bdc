"""Open-set identification: exact thresholds, rates against direct NumPy, intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fsrbench.metrics import identification_open
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.identification_open import (
    FPIRS,
    IdentificationOpen,
    found_scores,
    identification_curve,
    rate_at,
    rate_intervals,
    threshold_at,
)
from fsrbench.metrics.ranking import OpenScores


def watch_list(noise: float = 1.6) -> Faces:
    """Thirty enrolled people with two pictures each and two probes, 60 people who are not enrolled, distractors."""
    rng = np.random.default_rng(1)
    who = [f"p{i // 4:02}" for i in range(120)] + [f"u{i // 2:02}" for i in range(120)] + [None] * 10
    centres = {name: rng.normal(size=12) for name in sorted({name or "" for name in who})}
    hr = np.stack([centres[name or ""] + 0.3 * rng.normal(size=12) for name in who])
    sr = hr + noise * rng.normal(size=hr.shape)
    roles = (
        [("gallery", "gallery", "probe", "probe")[i % 4] for i in range(120)] + ["probe"] * 120 + ["distractor"] * 10
    )
    return Faces([f"{i:03}" for i in range(250)], who, {"descriptor": sr}, {"descriptor": hr}, roles=roles)


def direct(faces: Faces) -> tuple[np.ndarray, np.ndarray]:
    """Scores of mated probes with their own mean (minus infinity below the 20th), and best scores of the others."""
    assert faces.hr is not None
    unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)  # noqa: E731
    hr, sr = unit(faces.hr["descriptor"]), unit(faces.features["descriptor"])
    means = [unit(hr[4 * p : 4 * p + 2].mean(axis=0)) for p in range(30)] + list(hr[240:])
    mated = []
    for row in (i for i in range(120) if i % 4 > 1):
        scores = sr[row] @ np.stack(means).T
        mated.append(scores[row // 4] if row // 4 in np.argsort(-scores)[:20] else -np.inf)
    return np.array(mated), (sr[120:240] @ np.stack(means).T).max(axis=1)


def test_rates_are_those_of_direct_numpy() -> None:
    found, (mated, best) = IdentificationOpen().evaluate(watch_list(), seed=0), direct(watch_list())
    assert np.isinf(mated).any()
    expected = {}
    for fpir in FPIRS:
        # The lowest threshold that lets through no more than the allowed number of unmated probes, by trying each score
        allowed = [t for t in best if (best > t).mean() <= fpir]
        expected[fpir] = (mated > min(allowed)).mean()
    assert found.summary is not None
    assert 0.05 < expected[0.1] < 0.95
    assert found.summary.value == pytest.approx(expected[0.1])
    for fpir in (0.3, 0.2, 0.01):
        assert found.details[f"tpir_at_fpir_{fpir:g}"] == pytest.approx(expected[fpir])
    labels = np.repeat([1, 0], [len(mated), len(best)])
    area = roc_auc_score(labels, np.concatenate([np.where(np.isinf(mated), -9, mated), best]))
    assert found.details["auc"] == pytest.approx(area)
    assert found.note == "gallery of 30 people and 10 pictures of others; 60 probes, 120 unmated"


@pytest.mark.parametrize("fpir", [0.0, 0.01, 0.1, 0.25, 0.3, 0.999, 1.0])
@pytest.mark.parametrize("count", [1, 7, 100])
def test_a_threshold_lets_through_no_more_than_allowed_and_no_lower_one_does(fpir: float, count: int) -> None:
    best = np.random.default_rng(count).normal(size=count).round(1)  # some are equal
    threshold = threshold_at(best, fpir)
    assert (best > threshold).mean() <= fpir
    lower = best[best < threshold]
    if len(lower):
        assert (best > lower.max()).mean() > fpir or fpir == 1


def test_a_grid_would_miss_the_exact_rate() -> None:
    best = np.linspace(0.4, 0.41, 1000)  # all between two thresholds of a coarse grid
    found = np.linspace(0.4, 0.41, 1001)
    assert rate_at(found, best, 0.1) == pytest.approx(0.1, abs=0.002)


def test_a_mate_behind_the_twentieth_is_never_found() -> None:
    scores = OpenScores(np.array([0.9, 0.8]), np.array([20, 21]), np.array([0.1]))
    assert found_scores(scores).tolist() == [0.9, -np.inf]
    assert rate_at(found_scores(scores), scores.best_of_unmated, 1.0) == 0.5
    assert identification_curve(found_scores(scores), scores.best_of_unmated)[-1].tolist() == [1, 0.5]


def test_rates_that_the_probes_cannot_resolve_are_left_out() -> None:
    faces = watch_list()
    keep = [i for i in range(250) if not 170 <= i < 240]  # 50 unmated: 0.01 of them is no probe
    fewer = Faces(
        [faces.ids[i] for i in keep],
        [faces.identities[i] for i in keep],
        {"descriptor": faces.features["descriptor"][keep]},
        {"descriptor": faces.hr["descriptor"][keep]} if faces.hr else None,
        roles=[faces.roles[i] for i in keep],
    )
    assert "tpir_at_fpir_0.01" not in IdentificationOpen().evaluate(fewer, seed=0).details


@pytest.mark.heavy
def test_the_interval_holds_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normal scores of 60 mated and 80 unmated people, two images each: the true rate is known from many."""
    monkeypatch.setattr(identification_open, "RESAMPLES", 400)
    fpir, rng = 0.1, np.random.default_rng(0)

    def draw(people: int, mean: float) -> tuple[np.ndarray, np.ndarray]:
        own = rng.normal(mean, 0.7, people)
        return (own[:, None] + rng.normal(0, 0.7, (people, 2))).ravel(), np.repeat(np.arange(people), 2)

    truth = rate_at(draw(200_000, 1.5)[0], draw(200_000, 0)[0], fpir)
    held = 0
    for seed in range(150):
        (found, own), (best, strangers) = draw(60, 1.5), draw(80, 0)
        [(low, high)] = rate_intervals(found, own, best, strangers, [fpir], seed)
        assert low <= rate_at(found, best, fpir) <= high
        held += low <= truth <= high
    assert 0.89 <= held / 150 <= 0.99


def test_everybody_found_has_an_interval_with_a_lower_end() -> None:
    [(low, high)] = rate_intervals(np.full(40, 0.9), np.arange(40), np.zeros(40), np.arange(40), [0.1], 0)
    assert high == 1
    assert low == pytest.approx(0.9119, abs=1e-3)  # Clopper and Pearson's for 40 of 40
