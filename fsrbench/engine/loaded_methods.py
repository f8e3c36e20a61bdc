"""The methods of a run: each is loaded on first use, here or in a process of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch

from fsrbench.methods.base import Method
from fsrbench.methods.isolation.parent import TIMEOUT, IsolatedMethod, Limits
from fsrbench.methods.names import can_be_isolated, load_method
from fsrbench.process.state import standardise
from fsrbench.spec import RunSpec


class LoadedMethods:
    """Methods by name.

    Args:
        spec: of the run.
        device: where methods compute.
        paths: for methods given by a relative path, ``kind:`` and the absolute path.
    """

    def __init__(self, spec: RunSpec, device: torch.device, paths: Mapping[str, str] | None = None) -> None:
        self._spec, self._device, self._paths = spec, device, paths or {}
        self._methods: dict[str, Method] = {}
        self._isolated: dict[str, IsolatedMethod] = {}
        self.changed: defaultdict[str, set[str]] = defaultdict(set)
        """Global state of the process that each method changed, by method."""

    def get(self, name: str) -> Method:
        """The method called ``name``, loaded on first use.

        Raises:
            UserError, Unavailable: see :func:`fsrbench.methods.names.load_method`.
        """
        if name not in self._methods:
            self._methods[name] = self._load(name)
        return self._methods[name]

    def start(self, names: Sequence[str]) -> None:
        """Start the processes of isolated methods, all at once."""
        limits = Limits(self._spec.timeout or TIMEOUT, self._spec.memory_limit)
        for name in (name for name in names if can_be_isolated(self._spec.methods[name])):
            self._isolated[name] = IsolatedMethod(self._source(name), limits, self._spec.offline, self._spec.weights)
            self._isolated[name].start(self._spec.the_task, self._device)

    def close(self) -> None:
        """End the processes of isolated methods."""
        for method in self._isolated.values():
            method.close()

    def _load(self, name: str) -> Method:
        task = self._spec.the_task
        if not self._spec.isolate or not can_be_isolated(self._spec.methods[name]):
            standardise(self._spec.seed)
            return load_method(self._source(name), task, self._device, self.changed[name])
        if name not in self._isolated:
            self.start([name])
        method = self._isolated[name]
        method.load(task, self._device)
        self.changed[name].update(method.changed)
        return method

    def _source(self, name: str) -> str:
        """What a method is: a registered name or ``kind:target``."""
        return self._paths.get(name, self._spec.methods[name])
