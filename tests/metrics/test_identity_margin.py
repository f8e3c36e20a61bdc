"""Identity margin against direct NumPy, and the note on methods that pull faces towards a mean."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.errors import Invalid
from fsrbench.metrics import ranking
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.identity_margin import IdentityMargin


def unit(x: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = x / np.linalg.norm(x, axis=1, keepdims=True)
    return scaled


def faces(pull: float, gain: float, people: int = 40) -> Faces:
    """Two pictures a person; SR is LR moved towards its HR (``gain``) and towards everybody's mean (``pull``)."""
    rng = np.random.default_rng(0)
    mean = 1.2 * rng.normal(size=24)
    who = [f"p{i // 2:02}" for i in range(2 * people)]
    hr = unit(np.repeat(rng.normal(size=(people, 24)), 2, axis=0) + 0.4 * rng.normal(size=(2 * people, 24)) + mean)
    lr = unit(hr + 0.35 * rng.normal(size=hr.shape))
    sr = unit(lr + gain * hr + pull * unit(hr.mean(axis=0)[None]))
    ids = [f"{i:02}" for i in range(len(who))]
    return Faces(ids, who, {"descriptor": sr}, {"descriptor": hr}, lr={"descriptor": lr})


def test_margins_are_those_of_direct_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK_NUMBERS", 200)
    given = faces(0.1, 0.3)
    assert given.hr is not None
    scores = given.features["descriptor"] @ given.hr["descriptor"].T
    same = np.array(given.people)[:, None] == np.array(given.people)
    best = np.where(same, -np.inf, scores).max(axis=1)
    found = IdentityMargin().evaluate(given, seed=0)
    np.testing.assert_allclose(found.values, np.diag(scores) - best, atol=1e-6)
    assert found.details["to_own_hr"] == pytest.approx(np.diag(scores).mean())
    assert found.details["to_nearest_other"] == pytest.approx(best.mean())
    assert found.details["to_others"] == pytest.approx(
        np.mean([r[~s].mean() for r, s in zip(scores, same, strict=True)])
    )
    assert found.details["nearest_to_own_share"] == pytest.approx((np.diag(scores) > best).mean())


def test_faces_that_are_all_equal_are_nearest_to_nobody() -> None:
    equal = {"descriptor": np.full((60, 8), 0.3, np.float32)}
    found = IdentityMargin().evaluate(
        Faces([f"{i}" for i in range(60)], [f"p{i % 20}" for i in range(60)], equal, equal), 0
    )
    assert found.values == pytest.approx(0, abs=1e-6)
    assert found.details["nearest_to_own_share"] == 0


def test_a_method_that_pulls_faces_to_a_mean_is_noted() -> None:
    note = IdentityMargin().evaluate(faces(pull=0.6, gain=0.0), seed=0).note
    assert note.startswith("nearer to its HR than LR enlarged by 0.")
    assert "and nearer to other people by 0." in note
    assert "the margin does not grow" in note
    assert "the margin falls" in IdentityMargin().evaluate(faces(pull=3.0, gain=0.0), seed=0).note


def test_a_method_that_brings_faces_nearest_to_their_own_hr_is_not_noted() -> None:
    given = faces(pull=0.0, gain=0.6)
    found = IdentityMargin().evaluate(given, seed=0)
    assert found.values is not None
    assert found.values.mean() > IdentityMargin().evaluate(faces(0, 0), seed=0).values.mean()  # type: ignore[union-attr]
    assert found.details["to_others"] > IdentityMargin().evaluate(faces(0, 0), seed=0).details["to_others"]
    assert found.note == ""  # nearer to everybody, as all HR are alike, and more so to its own


def test_one_person_has_no_margin() -> None:
    one = {"descriptor": np.eye(3)}
    with pytest.raises(Invalid, match="two people"):
        IdentityMargin().evaluate(Faces(list("abc"), ["ann"] * 3, one, one), seed=0)
