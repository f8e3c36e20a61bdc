"""Made-up results of units, metrics that read them, and what a collector makes of both."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor

from fsrbench.engine.collect import Collector
from fsrbench.engine.plan import Shard, Unit
from fsrbench.engine.results import UnitResult
from fsrbench.methods.timing import Readings
from fsrbench.metrics.base import FeatureMetric, ImageMetric, Metric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.runs.names import HR

IDS = ["a/1", "a/2", "b/1", "b/2"]
IDENTITIES = {image: image[0] for image in IDS}


class Reference(ImageMetric):
    """Needs HR."""

    name, title, protocol = "reference", "Reference", "made up"
    needs = frozenset({"hr"})

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        raise AssertionError("scores come from the units")


class Alone(Reference):
    """Needs nothing."""

    name, title, unit, direction = "alone", "Alone", "dB", "lower"
    needs = frozenset()


class Matches(FeatureMetric):
    """1 where a feature is the HR's."""

    name, title, protocol, unit = "matches", "Matches", "made up", "fraction"
    extractor = "colour"
    seen: list[Faces]

    def __init__(self) -> None:
        self.seen = []

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        self.seen.append(faces)
        hr = faces.hr or faces.features
        return Evaluation((faces.features["red"] == hr["red"]).astype(float), note="by colour")


STORED: dict[str, dict[str, np.ndarray]] = {}
"""Features by key."""
METRICS = (Reference(), Alone(), Matches())


def unit(
    method: str,
    ids: Sequence[str] = IDS,
    *,
    index: int = 0,
    scale: float = 1.0,
    problems: dict[str, str] | None = None,
    **more: Any,
) -> UnitResult:
    """What a worker gives: scores 1, 2, ... times a scale; the feature is the image's last digit, times the scale."""
    values = scale * np.arange(1.0, len(ids) + 1)
    red = scale * np.array([float(i[-1]) for i in ids])
    scores = {"alone": values} if method == HR else {"alone": values, "reference": values}
    given: dict[str, Any] = {}
    if len(ids):
        key = f"{method} {index} {' '.join(ids)} {scale}"
        STORED[key] = {"red": red}
        given = {"scores": scores, "features": {"colour": key}}
    return UnitResult(Unit(Shard(index, ()), method), list(ids), {}, problems or {}, **(given | more))


class Made:
    """What a collector made of some units."""

    def __init__(
        self,
        *units: UnitResult,
        metrics: Sequence[Metric] = METRICS,
        methods: Sequence[str] = ("m", HR),
        readings: Any = None,
        base: str | None = None,
        **refused: Any,
    ) -> None:
        collector = Collector(
            metrics,
            refused.get("refused_metrics", {}),
            refused.get("refused_methods", {}),
            IDENTITIES,
            seed=0,
            read=STORED.__getitem__,
            folder=Path(tempfile.gettempdir()),
        )
        for result in units:
            collector.add(result)
        frames = collector.frames(methods, readings or {}, base)
        self.scores, self.summary = frames.scores, frames.summary
        self.details, self.curves, self.blocks = frames.details, frames.curves, frames.blocks

    def row(self, method: str, metric: str) -> Any:
        rows = self.summary.query("method == @method and metric == @metric")
        assert len(rows) == 1
        return rows.iloc[0]

    def detail(self, method: str, metric: str) -> dict[str, float]:
        """Details by name."""
        rows = self.details.query("method == @method and metric == @metric")
        return dict(zip(rows["detail"], rows["value"], strict=True))

    def values(self, method: str, metric: str) -> pd.DataFrame:
        return self.scores.query("method == @method and metric == @metric").set_index("image")


def reading(milliseconds: float = 2.0) -> Readings:
    return Readings(np.full(5, milliseconds), {16: (50.0, 49.0, 52.0)}, 1, 1, 1)
