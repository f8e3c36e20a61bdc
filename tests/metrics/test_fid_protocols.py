"""FID as scripts compute it, against the formula with SciPy's matrix square root."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import linalg

from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.fid_protocols import PairedFid, ScriptFid
from fsrbench.tasks import Task

RNG = np.random.RandomState(0)
SR, HR, OTHER = RNG.normal(size=(12, 3)), RNG.normal(0.5, 2, (12, 3)), RNG.normal(1, 1, (30, 3))
IDS = [f"{i:02}" for i in reversed(range(12))]


class Moments:
    """A statistics file of other features."""

    images, path = 30, Path("made.npz")

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        return OTHER.mean(axis=0), np.cov(OTHER, rowvar=False)

    def __str__(self) -> str:
        return "the statistics file made.npz"


def facts(**changes: Any) -> Facts:
    return Facts(Task(512, 1), **{"images": 12, "has_hr": True, "has_pairs": False} | changes)


def faces(reference: np.ndarray | None = None) -> Faces:
    of = None if reference is None else {"activations": reference}
    return Faces(IDS, [None] * 12, {"activations": SR}, {"activations": HR}, reference=of)


def formula(a: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    apart, own = a.mean(axis=0) - mean, np.cov(a, rowvar=False)
    return float(apart @ apart + np.trace(own + covariance - 2 * linalg.sqrtm(own @ covariance).real))


def test_against_a_statistics_file_and_the_first_images_by_id() -> None:
    metric = ScriptFid("pytorch-fid", "FFHQ", first=5).configured(facts(statistics=Moments()))
    found = metric.evaluate(faces(), seed=0)
    first = SR[np.argsort(IDS)][:5]
    assert found.summary.value == pytest.approx(formula(first, *Moments().moments()), rel=1e-4)
    assert found.summary.n == 5
    assert np.isnan(found.summary.ci_low)
    assert "5 images, too few for 2048 dimensions" in found.note
    assert "the first 5 SR images by id against the statistics file made.npz" in metric.protocol


def test_against_a_reference_set() -> None:
    metric = ScriptFid("tensorflow", "FFHQ").configured(facts(reference=30))
    expected = formula(SR, OTHER.mean(axis=0), np.cov(OTHER, rowvar=False))
    assert metric.evaluate(faces(OTHER), seed=0).summary.value == pytest.approx(expected, rel=1e-4)
    assert (metric.extractor, metric.uses_reference) == ("inception", True)


def test_against_their_own_hr_whatever_the_reference() -> None:
    metric = PairedFid("pytorch-fid").configured(facts(reference=30))
    expected = formula(SR, HR.mean(axis=0), np.cov(HR, rowvar=False))
    assert metric.evaluate(faces(OTHER), seed=0).summary.value == pytest.approx(expected, rel=1e-4)
    assert (metric.extractor, metric.uses_reference) == ("inception-resized", False)
    assert (metric.scores_row("hr"), metric.scores_row("lr")) == (False, True)


def test_without_its_reference_it_says_which_that_is() -> None:
    with pytest.raises(Unavailable, match=r"needs its reference: inception_FFHQ_512\.pth; name it with --reference"):
        ScriptFid("pytorch-fid", "inception_FFHQ_512.pth").check(facts())
    with pytest.raises(Invalid, match="needs HR images"):
        PairedFid("pytorch-fid").check(facts(has_hr=False))


def test_hr_is_scored_against_another_set_only() -> None:
    assert ScriptFid("tensorflow", "FFHQ").configured(facts(reference=30)).scores_row("hr")
