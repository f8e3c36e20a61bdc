"""Keys of stored results: hashes of everything they depend on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from uuid import uuid4

import torch

from fsrbench import weights
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.plan import Shard, Unit
from fsrbench.engine.store import key_of
from fsrbench.methods.base import Method
from fsrbench.metrics.base import ImageMetric, InputMetric
from fsrbench.metrics.extractors.base import Extractor
from fsrbench.provenance import versions
from fsrbench.spec import RunSpec


class Keys:
    """Keys of one run's results; hashes of weights and files are computed once.

    Args:
        spec: of the run.
        device: where methods compute.
        method: returns a loaded method.
        extractor: returns a feature extractor.
    """

    def __init__(
        self,
        spec: RunSpec,
        device: torch.device,
        method: Callable[[str], Method],
        extractor: Callable[[str], Extractor],
    ) -> None:
        self._spec, self._device = spec, device
        self.token = uuid4().hex
        """Identifies the run, in keys of results that another run must not reuse."""
        self._get_method, self._get_extractor = method, extractor
        self._versions = versions.needed()
        self._digests: dict[Shard, list[str]] = {}
        self._loaded: dict[str, str] = {}
        self._methods: dict[str, str] = {}
        self._settled: set[tuple[str, str]] = set()
        self._metrics: dict[str, str] = {}
        self._extractors: dict[str, str] = {}

    def inputs(self, shard: Shard) -> str:
        """Key of a shard's LR and HR pictures."""
        degradation = find_degradation(self._spec.degradation)
        lr = [degradation.name, degradation.protocol, self._spec.seed]
        return key_of(samples=self._samples(shard), lr=lr)

    def pictures(self, unit: Unit) -> str:
        """Key of a unit's SR pictures. For an HR unit: of the HR pictures, independent of how LR is made; for an LR
        unit: of the LR pictures at HR's side.
        """
        if unit.of_hr:
            return self.hr(unit.shard)
        inputs = self.inputs(unit.shard)
        if unit.of_lr:
            return key_of(inputs=inputs, lr=True)
        return key_of(inputs=inputs, method=self.method(unit.method), device=self._device.type)

    def hr(self, shard: Shard) -> str:
        """Key of a shard's HR pictures."""
        return key_of(samples=self._samples(shard), hr=True)

    def _samples(self, shard: Shard) -> str:
        return key_of(task=self._spec.task, samples=self.digests(shard), versions=self._versions)

    def digests(self, shard: Shard) -> list[str]:
        """Digests of a shard's samples, whose files are hashed once."""
        if shard not in self._digests:
            self._digests[shard] = [sample.digest() for sample in shard.samples]
        return self._digests[shard]

    def loaded(self, name: str) -> str:
        """A method's fingerprint right after loading, the same in every process."""
        if name not in self._loaded:
            self.method(name)
        return self._loaded[name]

    def method(self, name: str) -> str:
        """A method's fingerprint, cached because it reads the weights; unique to this run if it may be incomplete."""
        if name not in self._methods:
            method = self._get_method(name)
            fingerprint = method.fingerprint()
            self._loaded.setdefault(name, fingerprint)
            self._methods[name] = fingerprint if method.is_known() else f"{fingerprint} {self.token}"
        return self._methods[name]

    def settle(self, kind: Literal["method", "metric", "extractor"], name: str) -> None:
        """Recompute a fingerprint after the first use, so that it includes what was loaded by then."""
        if (kind, name) not in self._settled:
            self._settled.add((kind, name))
            known = {"method": self._methods, "metric": self._metrics, "extractor": self._extractors}
            known[kind].pop(name, None)

    def features(self, pictures: str, name: str, alone: bool, lr: str | None = None) -> str:
        """Key of one extractor's features.

        Args:
            pictures: key of the pictures.
            name: of the extractor.
            alone: whether it does not read the HR images' features.
            lr: key of the LR pictures, if it reads their features.
        """
        names = (name, *self._get_extractor(name).requires)
        read = [f"{self._extractor(n)} {self._get_extractor(n).device.type}" for n in names]
        return key_of(sr=pictures, extractor=name, read=read, alone=alone, lr=lr, versions=self._versions)

    def checks(self, pictures: str, unit: Unit) -> str:
        """Key of the checks' measurements of the pictures with key ``pictures``, compared with their LR and HR."""
        lr = None if unit.of_hr else self.inputs(unit.shard)
        return key_of(pictures=pictures, lr=lr, versions=self._versions)

    def beside_lr(self, pictures: str, shard: Shard) -> str:
        """Key of the pictures with key ``pictures`` together with the LR pictures that they were made from."""
        return key_of(sr=pictures, lr=self.inputs(shard))

    def scores(self, pictures: str, metric: ImageMetric | InputMetric) -> str:
        """Key of one metric's scores of the pictures with key ``pictures``."""
        read = [weights.sha256(name) for name in metric.weight_files]
        if metric.name not in self._metrics:
            self._metrics[metric.name] = metric.fingerprint()
        code = f"{self._metrics[metric.name]} {metric.device.type}"
        return key_of(
            sr=pictures, metric=metric.name, protocol=metric.protocol, read=read, code=code, versions=self._versions
        )

    def _extractor(self, name: str) -> str:
        if name not in self._extractors:
            self._extractors[name] = self._get_extractor(name).fingerprint()
        return self._extractors[name]
