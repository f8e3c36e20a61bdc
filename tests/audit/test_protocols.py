"""The table of protocols, and those that judge by features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from fsrbench.audit.protocols import DEFAULT, LR, Protocol, all_protocols
from fsrbench.degradations.recipes import DEGRADATIONS
from fsrbench.metrics import METRICS
from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.niqe import Niqe
from fsrbench.metrics.pairing import self_pairs
from fsrbench.metrics.verification import distances

PROTOCOLS = all_protocols()
BOX, FAR = [10.0, 10.0, 50.0, 60.0], [50.0, 50.0, 60.0, 60.0]


def of(metric: str, name: str) -> Protocol:
    return next(p for p in PROTOCOLS if (p.metric, p.name) == (metric, name))


def evaluate(metric: str, name: str, faces: Faces) -> Any:
    measure = of(metric, name).measure
    assert isinstance(measure, FeatureMetric)
    return measure.evaluate(faces, seed=0)


@pytest.mark.parametrize("metric", dict.fromkeys(p.metric for p in PROTOCOLS))
def test_the_first_of_a_metric_is_the_benchmarks_own(metric: str) -> None:
    first, *others = [p for p in PROTOCOLS if p.metric == metric]
    assert first.name == DEFAULT
    assert type(first.measure) is METRICS.get(metric)
    assert first.measure.protocol == first.recipe == METRICS.get(metric)().protocol
    assert DEFAULT not in {p.name for p in others}


def test_protocols_can_be_told_apart() -> None:
    assert len({(p.metric, p.name) for p in PROTOCOLS}) == len(PROTOCOLS)
    scored = [p for p in PROTOCOLS if p.group != LR]
    assert len({p.measure.name for p in scored}) == len(scored)  # a run stores and reports by this name
    assert len({(p.measure.name.partition(":")[0], p.recipe) for p in scored}) == len(scored)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: f"{p.metric}: {p.name}")
def test_a_protocol_is_described_as_its_metric(protocol: Protocol) -> None:
    assert len(protocol.recipe) > 10
    assert "\n" not in protocol.recipe
    metric = METRICS.get(protocol.metric)()
    for name in ("title", "unit", "direction", "digits", "needs"):
        assert getattr(protocol.measure, name) == getattr(metric, name)


def test_ways_to_make_lr_are_known_degradations_measured_by_the_default() -> None:
    for protocol in PROTOCOLS:
        assert (protocol.degradation is not None) == (protocol.group == LR)
        if protocol.degradation is not None:
            assert DEGRADATIONS[protocol.degradation].protocol in protocol.recipe
            assert protocol.measure is of(protocol.metric, DEFAULT).measure


def test_niqe_is_enlarged_as_its_name_says() -> None:
    found = {p.name: (p.measure.side, p.measure.kernel) for p in PROTOCOLS if isinstance(p.measure, Niqe)}
    kernels = Image.Resampling
    assert found == {
        DEFAULT: (256, kernels.BICUBIC),
        "enlarged to 192 px": (192, kernels.BICUBIC),
        "enlarged to 384 px": (384, kernels.BICUBIC),
        "enlarged by bilinear": (256, kernels.BILINEAR),
        "enlarged by Lanczos": (256, kernels.LANCZOS),
        "pmrf, vqfr": (256, kernels.BICUBIC),
    }


DETECTION = {
    DEFAULT: [1, 0, 0, 0],
    "confidence 0.5": [1, 0, 1, 1],
    "confidence 0.8": [1, 0, 1, 0],
    "confidence 0.95": [1, 0, 0, 0],
    "anywhere, 0.5": [1, 1, 1, 1],
    "anywhere, 0.8": [1, 1, 1, 0],
    "anywhere, 0.9": [1, 1, 0, 0],
    "anywhere, 0.95": [1, 1, 0, 0],
}


def detections(boxes: list[list[float]], confidence: list[float]) -> dict[str, np.ndarray]:
    return {"box": np.array(boxes), "confidence": np.array(confidence)}


@pytest.mark.parametrize("name", DETECTION)
def test_detection_by_hand(name: str) -> None:
    sr = detections([BOX, FAR, BOX, BOX], [0.99, 0.99, 0.85, 0.75])
    faces = Faces(list("abcd"), [None] * 4, sr, detections([BOX] * 4, [0.99] * 4))
    assert evaluate("detection", name, faces).values.tolist() == DETECTION[name]


def test_all_detection_protocols_are_tested() -> None:
    assert {p.name for p in PROTOCOLS if p.metric == "detection"} == set(DETECTION)


@pytest.fixture(scope="module")
def people() -> Faces:
    """60 pictures of 30 people whose SR is a noisy HR."""
    rng = np.random.RandomState(0)
    hr = np.repeat(rng.normal(size=(30, 4)), 2, axis=0) + rng.normal(0, 0.3, (60, 4))
    sr = hr + rng.normal(0, 0.8, hr.shape)
    ids = [f"p{i // 2:02d}/{i}" for i in range(60)]
    return Faces(ids, [i.partition("/")[0] for i in ids], {"descriptor": sr}, {"descriptor": hr})


def test_best_threshold_is_the_best_that_any_threshold_gives(people: Faces) -> None:
    pairs = self_pairs(people.people, seed=0)
    distance = distances(people, pairs)
    tried = [((distance < threshold) == pairs.genuine).mean() for threshold in [*distance, np.inf]]
    found = evaluate("verification", "best threshold", people)
    assert found.values.mean() == pytest.approx(max(tried))
    assert 0.5 < found.values.mean() < 1


def test_best_threshold_is_never_worse_than_one_from_other_folds(people: Faces) -> None:
    honest, optimistic = (evaluate("verification", name, people) for name in (DEFAULT, "best threshold"))
    assert optimistic.values.mean() > honest.values.mean()
    assert optimistic.summary.n == honest.summary.n == 120


def test_only_own_landmarks_align_pictures_by_themselves() -> None:
    assert {p.name for p in PROTOCOLS if p.alignment == "sr"} == {"own landmarks", "both of these"}


@pytest.mark.parametrize(("side", "left"), [(64, 4), (128, 4), (256, 1), (512, 0)])
def test_ways_to_enlarge_for_niqe_are_left_out_where_nothing_is_enlarged(side: int, left: int) -> None:
    kept = [p for p in PROTOCOLS if not p.only_enlarges_below(side)]
    names = [p.name for p in kept if p.metric == "niqe" and p.group in ("size", "kernel")]
    assert len(names) == left
    assert side != 256 or names == ["enlarged to 384 px"]
    assert {"default", "pmrf, vqfr"} <= {p.name for p in kept if p.metric == "niqe"}
    assert len(kept) == len(PROTOCOLS) - 4 + left  # nothing else goes
