"""How often the gate is red without a reason and how often with one: simulated models that differ by noise."""

from __future__ import annotations

import numpy as np
import pytest
from made.gate import IMAGES, PEOPLE, PICTURES, Values, made_run, psnr, verdict

from fsrbench.gate.reference import Reference
from fsrbench.gate.update import make
from fsrbench.stats.corrections import benjamini_hochberg, holm

METHODS, METRICS = ("a", "b", "c"), ("psnr", "ssim", "landmark_nme", "detection")
GATES = 40


@pytest.fixture(autouse=True)
def _no_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """They decide nothing and take the most time."""
    monkeypatch.setattr("fsrbench.stats.intervals.mean_interval", lambda *_: (0.0, 0.0))


@pytest.fixture(scope="module")
def reference() -> Reference:
    return make(made_run(values(lambda: np.zeros(len(IMAGES)))))


def values(change: object) -> Values:
    """All metrics of all methods with what ``change()`` adds; PSNR's spread in all, because only changes count."""
    assert callable(change)
    return {metric: {method: psnr() + change() for method in METHODS} for metric in METRICS}


def another_model(rng: np.random.Generator) -> np.ndarray:
    """How the scores of an equally good model differ: by person and by picture, far beyond every tolerance."""
    return np.repeat(rng.normal(0, 0.1, PEOPLE), PICTURES) + rng.normal(0, 0.1, len(IMAGES))


def red_rate(reference: Reference, loss: float) -> float:
    rng = np.random.default_rng(11)
    gates = [values(lambda: another_model(rng)) for _ in range(GATES)]
    for gate in gates:
        for metric, by_method in gate.items():
            by_method["a"][:] += loss if metric == "landmark_nme" else -loss  # type: ignore[index]
    return float(np.mean([verdict(reference, gate).red for gate in gates]))


@pytest.mark.heavy
def test_equally_good_models_are_rarely_called_regressed(reference: Reference) -> None:
    """Half of 5 %, since only the bad direction is red; 40 gates of 12 tests each leave room for chance: up to two."""
    assert red_rate(reference, 0.0) <= 0.05


@pytest.mark.heavy
def test_a_loss_of_the_noise_s_size_is_seen(reference: Reference) -> None:
    """0.1 in every metric of one method of three, where scores differ by 0.14 from image to image anyway."""
    assert red_rate(reference, 0.1) >= 0.9


def test_noise_without_the_test_would_always_be_red(reference: Reference) -> None:
    """What the tolerance alone would do: the same runs, of too few people for a test."""
    images = [f"p{i % 5}/{i}" for i in range(len(IMAGES))]
    rng = np.random.default_rng(11)
    few = make(made_run(values(lambda: np.zeros(len(IMAGES))), images=images))
    gates = [values(lambda: another_model(rng)) for _ in range(10)]
    assert all(verdict(few, gate, images=images).red for gate in gates)


@pytest.mark.parametrize("seed", range(5))
def test_correction_never_exceeds_holm_s(seed: int) -> None:
    p = (np.random.default_rng(seed).uniform(size=20) ** 3).tolist()
    assert all(b <= h + 1e-9 for b, h in zip(benjamini_hochberg(p), holm(p), strict=True))
    assert all(b >= one - 1e-9 for b, one in zip(benjamini_hochberg(p), p, strict=True))


def test_correction_is_scipy_s() -> None:
    from scipy.stats import false_discovery_control

    p = np.random.default_rng(0).uniform(size=30)
    assert benjamini_hochberg(p.tolist()) == pytest.approx(false_discovery_control(p), abs=1e-11)


def test_correction_of_nothing() -> None:
    assert benjamini_hochberg([]) == []
