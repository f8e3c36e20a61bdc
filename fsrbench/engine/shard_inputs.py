"""LR and HR pictures of shards: decoded once in a run's life, those of the next shard ahead."""

from __future__ import annotations

from fsrbench.datasets.inputs import Inputs, prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.ahead import Ahead
from fsrbench.engine.keys import Keys
from fsrbench.engine.plan import Shard
from fsrbench.engine.store import Store, pack_json, unpack_json
from fsrbench.spec import RunSpec


class ShardInputs:
    """Reads what is stored, makes the rest; keeps the shard that was asked for last."""

    def __init__(self, spec: RunSpec, keys: Keys, store: Store) -> None:
        self._spec, self._keys, self._store = spec, keys, store
        self._ahead = Ahead[Inputs]()
        self._latest: tuple[str, Inputs] | None = None

    def get(self, shard: Shard) -> Inputs:
        """A shard's pictures."""
        key = self._keys.inputs(shard)
        if self._latest is None or self._latest[0] != key:
            self._latest = (key, self._ahead.take(key, lambda: self._make(key, shard)))
        return self._latest[1]

    def begin(self, shard: Shard) -> None:
        """Begin to decode the pictures of the shard that comes next."""
        key = self._keys.inputs(shard)
        self._ahead.begin(key, lambda: self._make(key, shard))

    def stored(self, shard: Shard) -> Inputs | None:
        """A shard's pictures, if they were decoded before."""
        return self._load(self._keys.inputs(shard))

    def close(self) -> None:
        """End the threads."""
        self._ahead.close()

    def _make(self, key: str, shard: Shard) -> Inputs:
        return self._load(key) or self._prepare(key, shard)

    def _load(self, key: str) -> Inputs | None:
        stored = self._store.get("inputs", key)
        if stored is None:
            return None
        return Inputs(lr=stored["lr"], hr=stored.get("hr"), **unpack_json(stored["facts"]))

    def _prepare(self, key: str, shard: Shard) -> Inputs:
        degradation = find_degradation(self._spec.degradation)
        inputs = prepare(shard.samples, self._spec.the_task, degradation, self._spec.seed, self._ahead.decoders)
        facts = {name: getattr(inputs, name) for name in ("ids", "degraded", "problems", "notes", "sizes")}
        arrays = {"lr": inputs.lr, "facts": pack_json(facts)}
        self._store.put("inputs", key, arrays if inputs.hr is None else arrays | {"hr": inputs.hr})
        return inputs
