"""Properties that every metric must have: equal pictures are perfect, and more noise or blur never helps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from made.people import People
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from fsrbench.metrics import METRICS, resolve
from fsrbench.metrics.distribution import frechet_distance, kernel_distance
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.metrics.verification import VerificationDlib, VerificationLabelled
from fsrbench.pictures.decode import to_tensor, to_uint8

PERFECT = {
    "psnr": np.inf,
    "psnr_y": np.inf,
    "ssim": 1.0,
    "ms_ssim": 1.0,
    "gmsd": 0.0,
    "vif": 1.0,
    "fsim": 1.0,
    "nlpd": 0.0,
}
"""Image metrics beside HR that need no download, two families of pyiqa's among them."""
COUNT = 4


def noisy(pictures: Tensor, strength: float) -> Tensor:
    noise = torch.randn(pictures.shape, generator=torch.manual_seed(0))
    return pictures + noise * strength / 255


def blurred(pictures: Tensor, strength: float) -> Tensor:
    return gaussian_blur(pictures, [13, 13], [strength, strength])


DAMAGES: dict[str, tuple[Callable[[Tensor, float], Tensor], tuple[float, ...]]] = {
    "noise": (noisy, (4, 12, 40)),
    "blur": (blurred, (0.6, 1.2, 2.5)),
}


@pytest.fixture(scope="module")
def hr(faces) -> Tensor:
    return faces(COUNT, 64)


def worse_and_worse(hr: Tensor, damage: str) -> list[Tensor]:
    """The pictures, and as 8 bits three times more and more damaged."""
    spoil, strengths = DAMAGES[damage]
    return [hr, *(to_tensor(to_uint8(spoil(hr, s))) for s in strengths)]


def badness(metric: Any, values: Any) -> np.ndarray:
    """Larger is worse, whatever the metric's direction."""
    array = np.asarray(values, dtype=float)
    return -array if metric.direction == "higher" else array


@pytest.mark.parametrize("name", PERFECT)
def test_equal_pictures_are_perfect(name, hr):
    (metric,) = resolve([name])
    values = metric.score(hr, hr.clone())
    assert values.shape == (COUNT,)
    assert values.tolist() == pytest.approx([PERFECT[name]] * COUNT, abs=2e-5)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", PERFECT)
def test_image_metrics_get_worse(name, damage, hr):
    (metric,) = resolve([name])
    scores = [badness(metric, metric.score(sr, hr)) for sr in worse_and_worse(hr, damage)]
    for better, worse in pairwise(scores):
        assert (better < worse).all()


Features = dict[str, np.ndarray]

loaded: Callable[[str], Extractor] = cache(lambda name: EXTRACTORS.get(name)())
"""An extractor, whose networks are read from their files once."""


@pytest.fixture(scope="module")
def seen_in_hr(hr: Tensor) -> Callable[[str], tuple[Features, Features]]:
    """What guides an extractor in the HR pictures, and what it finds there; once for all tests."""

    @cache
    def seen(extractor: str) -> tuple[Features, Features]:
        made, guide = loaded(extractor), {}
        for needed in made.requires:
            guide |= loaded(needed).extract(hr, {})
        return guide, made.extract(hr, guide)

    return seen


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("name", "perfect"),
    [("detection", 1.0), ("landmark_nme", 0.0), pytest.param("landmark_nme_dlib", 0.0, marks=pytest.mark.heavy)],
)
def test_metrics_of_faces_are_perfect_for_equal_pictures_and_get_worse(name, perfect, damage, hr, seen_in_hr):
    metric = METRICS.get(name)()
    guide, of_hr = seen_in_hr(metric.extractor)  # the HR's guides those of the SR
    means = []
    for sr in worse_and_worse(hr, damage):
        of_sr = loaded(metric.extractor).extract(sr, guide)
        faces = Faces([str(i) for i in range(COUNT)], [None] * COUNT, of_sr, of_hr)
        values = metric.evaluate(faces, seed=0).values
        means.append(float(badness(metric, values).mean()))
    assert means[0] == badness(metric, perfect)
    assert means == sorted(means)
    assert name == "detection" or len(set(means)) == len(means)


@pytest.mark.heavy
@pytest.mark.parametrize("damage", DAMAGES)
def test_descriptors_and_distances_of_sets_get_worse(damage, hr, seen_in_hr):
    found: dict[str, list[float]] = {"likeness": [], "fid_face": [], "kid_face": []}
    extractor = loaded("dlib")
    _, guide = seen_in_hr("dlib")
    mine = guide["descriptor"]
    for sr in worse_and_worse(hr, damage):
        theirs = extractor.extract(sr, guide)["descriptor"]  # aligned by the landmarks of the HR
        found["likeness"].append(float(np.linalg.norm(theirs - mine, axis=1).mean()))
        found["fid_face"].append(frechet_distance(theirs, mine))
        found["kid_face"].append(kernel_distance(theirs, mine, COUNT, seed=0)[0])
    assert found["likeness"][0] == 0
    assert found["fid_face"][0] == pytest.approx(0, abs=1e-6)
    for name, values in found.items():
        assert values == sorted(values), name
        assert len(set(values)) == len(values), name


@pytest.mark.parametrize("metric", [VerificationDlib(), VerificationLabelled()], ids=lambda m: m.name)
def test_verification_gets_worse_as_pictures_of_a_person_differ_more(metric):
    groups = [f"id{i:02}" for i in range(40) for _ in range(3)]
    evaluations = [metric.evaluate(People(spread, groups).faces(), seed=0) for spread in (0.01, 1.2, 2.0, 4.0)]
    accuracies = [e.summary.value for e in evaluations if e.summary]
    assert accuracies[0] == 1
    assert accuracies == sorted(accuracies, reverse=True)
    assert len(set(accuracies)) == len(accuracies)
    assert [e.details["auc"] for e in evaluations] == sorted((e.details["auc"] for e in evaluations), reverse=True)
