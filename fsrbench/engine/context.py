"""What every process of a run needs to compute: loaded methods, metrics, keys, inputs and the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from fsrbench.engine.keys import Keys
from fsrbench.engine.loaded_methods import LoadedMethods
from fsrbench.engine.measures import Measures
from fsrbench.engine.shard_inputs import ShardInputs
from fsrbench.engine.store import Store
from fsrbench.metrics.base import Metric
from fsrbench.spec import RunSpec


class Context:
    """Internal to the engine; other rooms use :class:`fsrbench.engine.prepare.Prepared`.

    Args:
        spec: of the run.
        metrics: those that can be measured.
        device: where methods compute, and metrics' networks if they support it.
        store: of the results.
        paths: see :class:`LoadedMethods`.
    """

    def __init__(
        self,
        spec: RunSpec,
        metrics: Sequence[Metric],
        device: torch.device,
        store: Store,
        paths: Mapping[str, str] | None = None,
    ) -> None:
        self.spec, self.device, self.store = spec, device, store
        self.methods = LoadedMethods(spec, device, paths)
        self.measures = Measures(metrics, device)
        self.keys = Keys(spec, device, self.methods.get, self.measures.extractor)
        self.inputs = ShardInputs(spec, self.keys, store)

    def close(self) -> None:
        """End the threads and the processes of isolated methods."""
        self.inputs.close()
        self.methods.close()
