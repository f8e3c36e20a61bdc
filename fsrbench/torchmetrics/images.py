"""Metrics with a score for each image: the mean of the finite ones, as in a run."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np

from fsrbench.engine.by_image import by_image
from fsrbench.engine.frames import failures
from fsrbench.errors import Invalid, UserError
from fsrbench.machine.devices import one_thread
from fsrbench.metrics.base import ImageMetric, InputMetric, Metric
from fsrbench.pictures.decode import to_tensor
from fsrbench.torchmetrics.base import Batch, FaceMetric
from fsrbench.torchmetrics.names import Names


class ScoredImages(FaceMetric):
    """An :class:`fsrbench.ImageMetric` or :class:`fsrbench.InputMetric` in torchmetrics' form."""

    arrays = ("values",)

    def _computed_of(self, metric: Metric, batch: Batch) -> tuple[list[int], dict[str, np.ndarray]]:
        """A score for each image; NaN where it cannot be scored."""
        assert isinstance(metric, ImageMetric | InputMetric)
        sr, hr, lr = (None if each is None else to_tensor(each) for each in (batch.sr, batch.hr, batch.lr))
        assert sr is not None
        if isinstance(metric, InputMetric) and (lr is None or not all(image for image, _, _ in batch.names)):
            raise UserError(f"{self.name} reads LR and the images' ids: update(sr, hr, lr, ids=[...])")

        def compute(part: slice) -> dict[str, np.ndarray]:
            with one_thread() if metric.threads_matter else nullcontext():
                if isinstance(metric, InputMetric):
                    assert lr is not None
                    scores = metric.score(sr[part], lr[part], batch.ids[part])
                else:
                    scores = metric.score(sr[part], None if hr is None else hr[part])
            return {"value": scores.double().cpu().numpy()}

        found = by_image(compute, batch.ids)
        if found.problems:
            self._warn(failures(found.problems, len(batch.sr)))
        values = np.full(len(batch.sr), np.nan)
        values[[row for row, image in enumerate(batch.ids) if image not in found.problems]] = found.arrays.get(
            "value", ()
        )
        return list(range(len(values))), {"values": values}

    def _value(self, metric: Metric, names: Names, arrays: dict[str, np.ndarray]) -> float:
        """The mean of the finite scores."""
        values = arrays["values"].astype(np.float64)
        finite = values[np.isfinite(values)]
        if not len(finite):
            raise Invalid("no finite score")
        return float(finite.mean())
