"""LR and HR pictures of shards: decoded once per run folder, the next shard in the background."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from fsrbench.datasets.inputs import Inputs, prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.keys import Keys
from fsrbench.engine.plan import Shard
from fsrbench.engine.prefetch import Prefetcher
from fsrbench.engine.store import HR_PICTURES, INPUTS, Store, pack_json, unpack_json
from fsrbench.spec import RunSpec


@dataclass(frozen=True)
class InputFacts:
    """A shard's :class:`fsrbench.datasets.inputs.Inputs` without the pixels."""

    ids: list[str]
    degraded: dict[str, dict[str, Any]]
    problems: dict[str, str]
    notes: dict[str, str]
    sizes: dict[str, dict[str, int]]
    properties: dict[str, dict[str, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Inputs) -> InputFacts:
        """The facts of some inputs."""
        return cls(inputs.ids, inputs.degraded, inputs.problems, inputs.notes, inputs.sizes, inputs.properties)


class ShardInputs:
    """Reads stored inputs and makes the others; keeps the pixels of the latest shard and the facts of all."""

    def __init__(self, spec: RunSpec, keys: Keys, store: Store) -> None:
        self._spec, self._keys, self._store = spec, keys, store
        self._prefetcher = Prefetcher[Inputs]()
        self._latest: tuple[str, Inputs] | None = None
        self._facts: dict[str, InputFacts] = {}

    def get(self, shard: Shard) -> Inputs:
        """A shard's pictures."""
        key = self._keys.inputs(shard)
        if self._latest is None or self._latest[0] != key:
            inputs = self._prefetcher.take(key, lambda: self._make(key, shard))
            self._latest, self._facts[key] = (key, inputs), InputFacts.of(inputs)
        return self._latest[1]

    def prefetch(self, shard: Shard) -> None:
        """Begin to decode the pictures of the next shard."""
        key = self._keys.inputs(shard)
        self._prefetcher.begin(key, lambda: self._make(key, shard))

    def facts(self, shard: Shard) -> InputFacts:
        """The facts about a shard's pictures."""
        return self.known_facts(shard) or InputFacts.of(self.get(shard))

    def known_facts(self, shard: Shard) -> InputFacts | None:
        """The same without decoding anything; ``None`` if the pictures were never decoded."""
        key = self._keys.inputs(shard)
        if key not in self._facts:
            stored = self._store.get(INPUTS, key, only=("facts",))
            if stored is None:
                return None
            self._facts[key] = InputFacts(**unpack_json(stored["facts"]))
        return self._facts[key]

    def close(self) -> None:
        """End the threads."""
        self._prefetcher.close()

    def _make(self, key: str, shard: Shard) -> Inputs:
        return self._read(key) or self._decode(key, shard)

    def _read(self, key: str) -> Inputs | None:
        """Stored inputs; ``None`` if there are none, or their HR is gone."""
        stored = self._store.get(INPUTS, key)
        if stored is None:
            return None
        hr_key = unpack_json(stored["hr_at"])
        hr = self._store.get(HR_PICTURES, hr_key) if hr_key else {"hr": None}
        return None if hr is None else Inputs(lr=stored["lr"], hr=hr["hr"], **unpack_json(stored["facts"]))

    def _decode(self, key: str, shard: Shard) -> Inputs:
        """Decode, degrade and store; HR is stored once for all degradations."""
        degradation = find_degradation(self._spec.degradation)
        inputs = prepare(shard.samples, self._spec.the_task, degradation, self._spec.seed, self._prefetcher.decoders)
        hr_key = None if inputs.hr is None else self._keys.hr(shard)
        if hr_key and inputs.hr is not None:
            damaged = self._store.path(INPUTS, key).exists()  # LR or HR could not be read
            if damaged or not self._store.touch(HR_PICTURES, hr_key):
                self._store.put(HR_PICTURES, hr_key, {"hr": inputs.hr})
        facts = pack_json(asdict(InputFacts.of(inputs)))
        self._store.put(INPUTS, key, {"lr": inputs.lr, "facts": facts, "hr_at": pack_json(hr_key)})
        return inputs
