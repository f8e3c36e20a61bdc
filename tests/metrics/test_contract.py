"""What holds for every metric and every feature extractor, plug-ins too: each registered one is found by its name.

Those whose weights are missing are skipped, with the reason.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from fsrbench.errors import FsrbenchError, Invalid, Unavailable
from fsrbench.machine.offline import no_connections
from fsrbench.methods.timing import Readings
from fsrbench.metrics import METRICS
from fsrbench.metrics.base import FeatureMetric, ImageMetric, InputMetric, Metric, SpeedMetric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.metrics.facts import Facts
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import TASKS

COUNT = 3
TEMPLATE = Path(__file__).parents[2] / "docs" / "plugin-template" / "src" / "faceplugin" / "metric.py"
FACTS = Facts(TASKS["x4"], images=5000, has_hr=True, has_pairs=True, degradation="bicubic")
ROUNDED = 0.02
"""Share by which a number may change when the SR picture is rounded to 8 bits."""


def from_template() -> Metric:
    spec = importlib.util.spec_from_file_location("faceplugin_metric", TEMPLATE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metric: Metric = module.ColourError()
    return metric


MADE: dict[str, Metric] = {name: METRICS.get(name)() for name in METRICS.names()}
MADE["colour_error of the template"] = from_template()
IMAGE, INPUT, FEATURE, SPEED = (
    [name for name, metric in MADE.items() if isinstance(metric, kind)]
    for kind in (ImageMetric, InputMetric, FeatureMetric, SpeedMetric)
)


@pytest.fixture(scope="module", autouse=True)
def offline() -> Iterator[None]:
    """Nothing is fetched for a test."""
    with no_connections():
        yield


def settle(metric: Metric, facts: Facts = FACTS) -> Metric:
    """The metric for a run; skips if something is missing."""
    try:
        metric.check(facts)
        return metric.configured(facts)
    except Unavailable as error:
        pytest.skip(str(error))


def attributes(thing: object) -> dict[str, Any]:
    """What an object holds, besides what it has loaded."""
    loaded = {name for base in type(thing).__mro__ for name, v in vars(base).items() if isinstance(v, cached_property)}
    return {name: value for name, value in vars(thing).items() if name not in loaded}


def test_every_metric_is_of_one_kind() -> None:
    assert sorted([*IMAGE, *INPUT, *FEATURE, *SPEED]) == sorted(MADE)
    for metric in MADE.values():
        assert metric.direction in ("higher", "lower", "none")
        assert metric.bounds[0] < metric.bounds[1]


# --- pictures


@pytest.fixture(scope="module")
def hr(faces: Callable[[int, int], Tensor]) -> Tensor:
    return faces(COUNT, 64)


@pytest.fixture(scope="module")
def exact(hr: Tensor) -> Tensor:
    """Slightly blurred, not rounded."""
    return gaussian_blur(hr, [5, 5], [0.8, 0.8])


@pytest.fixture(scope="module")
def sr(exact: Tensor) -> Tensor:
    return to_tensor(to_uint8(exact))


def as_jpeg(pictures: Tensor, quality: int) -> Tensor:
    opened = []
    for picture in to_uint8(pictures):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        opened.append(np.asarray(Image.open(file)))
    return to_tensor(np.stack(opened))


def noisy(pictures: Tensor, sigma: float) -> Tensor:
    noise = torch.randn(pictures.shape, generator=torch.manual_seed(0))
    return to_tensor(to_uint8(pictures + sigma / 255 * noise))


DAMAGES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "blur": lambda hr: to_tensor(to_uint8(gaussian_blur(hr, [13, 13], [2.5, 2.5]))),
    "noise": lambda hr: noisy(hr, 30),
    "jpeg": lambda hr: as_jpeg(hr, 10),
}


def scattered(images: Tensor) -> Tensor:
    """The same numbers, neither in order nor side by side in memory."""
    wide = torch.stack([images, 1 - images], dim=-1).transpose(2, 3).contiguous().transpose(2, 3)[..., 0]
    assert not wide.is_contiguous()
    assert torch.equal(wide, images)
    return wide


def scores(metric: ImageMetric, sr: Tensor, hr: Tensor | None) -> np.ndarray:
    found = metric.score(sr, hr)
    assert found.shape == (len(sr),)
    assert found.device == sr.device
    assert found.is_floating_point()
    values: np.ndarray = found.double().numpy()
    return values


def others(metric: ImageMetric, hr: Tensor) -> Tensor | None:
    return hr if "hr" in metric.needs else None


@pytest.fixture(scope="module", params=IMAGE)
def image_metric(request: pytest.FixtureRequest) -> ImageMetric:
    metric = settle(MADE[request.param])
    assert isinstance(metric, ImageMetric)
    return metric


def test_scores_depend_on_neither_batch_nor_order_nor_memory(image_metric: ImageMetric, sr: Tensor, hr: Tensor) -> None:
    before, given, held = sr.clone(), others(image_metric, hr), attributes(image_metric)
    whole = scores(image_metric, sr, given)
    alone = [scores(image_metric, sr[i : i + 1], None if given is None else given[i : i + 1]) for i in range(COUNT)]
    turned = scores(image_metric, sr.flip(0), None if given is None else given.flip(0))
    apart = scores(image_metric, scattered(sr), None if given is None else scattered(given))
    for other in (np.concatenate(alone), turned[::-1], apart):
        np.testing.assert_allclose(other, whole, rtol=1e-6, atol=1e-6)
    assert torch.equal(sr, before)
    assert attributes(image_metric) == held


def test_scores_hardly_change_with_rounding(image_metric: ImageMetric, sr: Tensor, exact: Tensor, hr: Tensor) -> None:
    given = others(image_metric, hr)
    rounded, unrounded = scores(image_metric, sr, given), scores(image_metric, exact, given)
    np.testing.assert_allclose(unrounded, rounded, rtol=ROUNDED, atol=1e-3)
    np.testing.assert_allclose(scores(image_metric, sr.double(), given), rounded, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_worse_in_the_declared_direction(damage: str, image_metric: ImageMetric, hr: Tensor) -> None:
    given, worse = others(image_metric, hr), DAMAGES[damage](hr)
    best, bad = scores(image_metric, hr, given), scores(image_metric, worse, given)
    assert ((image_metric.bounds[0] <= bad) & (bad <= image_metric.bounds[1])).all()
    assert ((image_metric.bounds[0] <= best) & (best <= image_metric.bounds[1] + 1e-9)).all()
    if image_metric.direction != "none":
        better = best > bad if image_metric.direction == "higher" else best < bad
        assert better.all() if given is not None else better.mean() > 0.5


# --- pictures beside the LR picture that they were made from


IDS = [f"{i}" for i in range(COUNT)]


@pytest.fixture(scope="module")
def lr(hr: Tensor) -> Tensor:
    small = [Image.fromarray(p).resize((16, 16), Image.Resampling.BICUBIC) for p in to_uint8(hr)]
    return to_tensor(np.stack(small))


@pytest.fixture(scope="module", params=INPUT)
def input_metric(request: pytest.FixtureRequest) -> InputMetric:
    metric = settle(MADE[request.param])
    assert isinstance(metric, InputMetric)
    return metric


def test_scores_beside_lr_depend_on_neither_batch_nor_order(input_metric: InputMetric, sr: Tensor, lr: Tensor) -> None:
    held = attributes(input_metric)
    whole = input_metric.score(sr, lr, IDS)
    alone = [input_metric.score(sr[i, None], lr[i, None], [IDS[i]]) for i in range(COUNT)]
    turned = input_metric.score(scattered(sr).flip(0), lr.flip(0), IDS[::-1])
    assert whole.shape == (COUNT,)
    assert torch.equal(whole, torch.cat(alone))
    assert torch.equal(whole, turned.flip(0))
    assert attributes(input_metric) == held


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_worse_beside_lr_too(damage: str, input_metric: InputMetric, hr: Tensor, lr: Tensor) -> None:
    best, bad = (input_metric.score(sr, lr, IDS) for sr in (hr, DAMAGES[damage](hr)))
    for found in (best, bad):
        assert ((input_metric.bounds[0] <= found) & (found <= input_metric.bounds[1])).all()
    assert (best > bad if input_metric.direction == "higher" else best < bad).all()


# --- features


PEOPLE, SHOTS = 40, 2


def made_features(damage: float) -> dict[str, np.ndarray]:
    """Features of pictures of some people, by the names that extractors give them, moved by ``damage``."""
    rng = np.random.RandomState(1)
    people = np.repeat(rng.normal(size=(PEOPLE, 16)), SHOTS, axis=0)
    count = len(people)
    descriptor = people + 0.2 * rng.normal(size=people.shape)
    points = rng.uniform(10, 50, (count, 68, 2))
    change = np.random.RandomState(2)
    return {
        "box": np.array([10.0, 10, 50, 60]) + damage * 20 * change.uniform(0, 1, (count, 1)),
        "confidence": np.clip(0.99 - damage * 0.5 * change.uniform(0, 1, count), 0, 1),
        "landmarks": points + damage * change.normal(size=points.shape),
        "descriptor": descriptor + damage * change.normal(size=descriptor.shape) * 2,
        "lab": [50.0, 10, 20] + 5 * change.normal(size=(count, 3)) * damage,
        "activations": descriptor + damage * change.normal(size=descriptor.shape) * 2,
    }


def watch_list(ids: Sequence[str]) -> list[str]:
    """Roles: the first picture of every other person is enrolled, and all others are probes."""
    first = sorted({image.partition("/")[0]: image for image in sorted(ids, reverse=True)}.values())
    return ["gallery" if image in first[::2] else "probe" for image in ids]


def evaluated(metric: FeatureMetric, damage: float, order: slice = slice(None)) -> Evaluation:
    ids = [f"p{i // SHOTS:02}/{i:03}" for i in range(PEOPLE * SHOTS)][order]
    sr, hr = ({n: a[order] for n, a in made_features(d).items()} for d in (damage, 0.0))
    try:
        people = [i.partition("/")[0] for i in ids]
        faces = Faces(ids, people, sr, hr, reference=hr, lr=hr, roles=watch_list(ids) if "open" in metric.name else ())
        return metric.evaluate(faces, seed=0)
    except KeyError as error:
        pytest.skip(f"reads {error}, which is not made here")


@pytest.fixture(scope="module", params=FEATURE)
def feature_metric(request: pytest.FixtureRequest) -> FeatureMetric:
    metric = MADE[request.param]
    assert isinstance(metric, FeatureMetric)
    if hasattr(metric, "least"):
        metric = metric.replace(least=50)  # made features have few dimensions
    if metric.name == "verification_pairs":
        pytest.skip("needs a file of pairs")  # tests/metrics/test_verification_pairs.py
    return metric


def number(evaluation: Evaluation) -> float:
    return evaluation.summary.value if evaluation.summary else float(np.nanmean(evaluation.values))


def test_evaluations_are_the_same_again_and_within_bounds(feature_metric: FeatureMetric) -> None:
    held = attributes(feature_metric)
    found, again = evaluated(feature_metric, 0.3), evaluated(feature_metric, 0.3)
    assert number(found) == number(again)
    for value in [number(found), *(() if found.values is None else found.values[np.isfinite(found.values)])]:
        assert feature_metric.bounds[0] <= value <= feature_metric.bounds[1]
    if found.values is not None:
        assert found.values.shape == (PEOPLE * SHOTS,)
    if found.values is not None and found.summary is None:
        turned = evaluated(feature_metric, 0.3, slice(None, None, -1))
        np.testing.assert_allclose(turned.values[::-1], found.values, rtol=1e-9)
    assert attributes(feature_metric) == held


def test_damage_of_features_is_worse_in_the_declared_direction(feature_metric: FeatureMetric) -> None:
    values = [number(evaluated(feature_metric, damage)) for damage in (0, 0.5, 2)]
    if feature_metric.direction == "none":  # a difference with its sign: 0 is right
        values = [abs(value) for value in values]
    worse = sorted(values, reverse=feature_metric.direction == "higher")
    assert values == worse
    assert values[0] != values[-1]


@pytest.mark.parametrize("name", INPUT + FEATURE + SPEED)
def test_a_run_makes_another_metric_and_leaves_this_one(name: str) -> None:
    metric = MADE[name]
    held = attributes(metric)
    with contextlib.suppress(Unavailable, Invalid):
        metric.check(FACTS)
        metric.configured(FACTS)
    assert attributes(metric) == held


@pytest.mark.parametrize("name", MADE)
def test_metrics_can_be_pickled(name: str) -> None:
    metric = MADE[name]
    if name.endswith("of the template"):
        pytest.skip("its module is loaded from a file here")
    again = pickle.loads(pickle.dumps(metric))
    assert (type(again).__name__, again.name, again.protocol) == (type(metric).__name__, metric.name, metric.protocol)


@pytest.mark.parametrize("name", SPEED)
def test_slower_and_larger_is_worse(name: str) -> None:
    metric = settle(MADE[name])
    assert isinstance(metric, SpeedMetric)
    small, large = (
        Readings(np.full(9, 2.0 * k), {16: (50 / k, 49 / k, 52 / k)}, 1000 * k, 5000 * k, 700 * k) for k in (1, 3)
    )
    values = [number(metric.read(readings, ("base", small))) for readings in (small, large)]
    assert min(values) > 0
    assert (values[0] < values[1]) == (metric.direction == "lower")


# --- extractors


def guide_for(extractor: Extractor, pictures: Tensor) -> dict[str, np.ndarray]:
    """What an extractor reads of these pictures."""
    needed: list[Extractor] = [EXTRACTORS.get(name)() for name in extractor.requires]
    return {k: v for each in needed for k, v in each.extract(pictures, guide_for(each, pictures)).items()}


@pytest.fixture(scope="module", params=EXTRACTORS.names())
def extractor(request: pytest.FixtureRequest) -> Extractor:
    found: Extractor = EXTRACTORS.get(request.param)()
    try:
        found.check()
    except FsrbenchError as error:
        pytest.skip(str(error))
    return found


def test_features_depend_on_neither_batch_nor_order_nor_memory(
    extractor: Extractor, hr: Tensor, sr: Tensor, exact: Tensor
) -> None:
    guide, before = guide_for(extractor, hr), sr.clone()
    whole = extractor.extract(sr, guide)
    alone = [extractor.extract(sr[i : i + 1], {k: v[i : i + 1] for k, v in guide.items()}) for i in range(COUNT)]
    turned = extractor.extract(sr.flip(0), {k: v[::-1].copy() for k, v in guide.items()})
    apart = extractor.extract(scattered(sr), guide)
    unrounded = extractor.extract(exact, guide)
    assert torch.equal(sr, before)
    for name, array in whole.items():
        assert isinstance(array, np.ndarray)
        assert len(array) == COUNT
        assert not np.isinf(array).any()
        assert name in extractor.may_be_nan or np.isfinite(array).all()
        scale = max(1.0, float(np.nanmax(np.abs(array))))
        for other in (np.concatenate([found[name] for found in alone]), turned[name][::-1], apart[name]):
            np.testing.assert_allclose(other, array, atol=1e-4 * scale)
        np.testing.assert_allclose(unrounded[name], array, atol=0.05 * scale)


def test_pictures_without_a_face_have_features_too(extractor: Extractor) -> None:
    grey = torch.full((2, 3, 64, 64), 0.5)
    for name, array in extractor.extract(grey, guide_for(extractor, grey)).items():
        assert len(array) == 2
        assert name in extractor.may_be_nan or np.isfinite(array).all()


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_extractors_can_be_pickled(name: str) -> None:
    assert type(pickle.loads(pickle.dumps(EXTRACTORS.get(name)()))) is EXTRACTORS.get(name)
