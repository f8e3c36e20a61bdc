"""The metrics of a run by kind, and the extractors whose features they read."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fsrbench.metrics.base import FeatureMetric, ImageMetric, InputMetric, Metric
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS, Extractor


class Measures:
    """Metrics, and extractors by name; an extractor is made on first use.

    Args:
        metrics: that can be measured.
        device: where their networks compute, if they support it.
    """

    def __init__(self, metrics: Sequence[Metric], device: torch.device) -> None:
        self._device = device
        self.metrics = metrics = [metric.on(device) for metric in metrics]
        self.image_metrics = [m for m in metrics if isinstance(m, (ImageMetric, InputMetric))]
        """Metrics that score pictures one by one."""
        feature_metrics = [m for m in metrics if isinstance(m, FeatureMetric)]
        self.feature_sets = sorted({m.feature_set for m in feature_metrics})
        """Features that metrics read of SR and HR images: names of extractors, with the suffix ``BY_LR`` or without."""
        self.lr_feature_sets = sorted({m.feature_set for m in feature_metrics if m.uses_lr})
        """The same for LR images, which need not be a row."""
        self.reference_feature_sets = sorted({m.feature_set for m in feature_metrics if m.uses_reference})
        """The same for the reference set."""
        self._made: dict[str, Extractor] = {}

    def extractor(self, name: str) -> Extractor:
        """The extractor of a feature set: ``name`` may have the suffix ``BY_LR``."""
        name = name.removesuffix(BY_LR)
        if name not in self._made:
            self._made[name] = EXTRACTORS.get(name)()
            self._made[name].use(self._device)
        return self._made[name]

    def readers(self) -> list[Metric | Extractor]:
        """The metrics, and the extractors that they read."""
        return [*self.metrics, *(extractor for metric in self.metrics for extractor in self._extractors_of(metric))]

    def weight_names(self) -> list[str]:
        """Names of the weight files that the metrics and their extractors read."""
        return sorted({name for reader in self.readers() for name in reader.weight_files})

    def weight_names_of(self, metric: Metric) -> list[str]:
        """Names of the weight files that one metric and its extractors read."""
        readers: list[Metric | Extractor] = [metric, *self._extractors_of(metric)]
        return sorted({name for reader in readers for name in reader.weight_files})

    def _extractors_of(self, metric: Metric) -> list[Extractor]:
        names = [metric.extractor] if isinstance(metric, FeatureMetric) else []
        for name in names:
            names += [needed for needed in self.extractor(name).requires if needed not in names]
        return [self.extractor(name) for name in names]
