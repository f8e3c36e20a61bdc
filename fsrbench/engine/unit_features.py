"""The features of units: extracted once per run folder and kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fsrbench.engine.context import Context
from fsrbench.engine.plan import Unit
from fsrbench.engine.store import FEATURES, Store
from fsrbench.engine.unit_pictures import UnitPictures
from fsrbench.errors import FsrbenchError
from fsrbench.metrics.extractors.base import Extractor, extract
from fsrbench.pictures.decode import to_tensor
from fsrbench.process.state import standardise
from fsrbench.runs.names import HR


def stored_features(store: Store, key: str) -> dict[str, np.ndarray]:
    """The features that lie under a key.

    Raises:
        FsrbenchError: they are gone.
    """
    stored = store.get(FEATURES, key)
    if stored is None:
        raise FsrbenchError("stored features are gone from the run's cache; run it again")
    return stored


class UnitFeatures:
    """Reads stored features and extracts the others."""

    def __init__(self, context: Context, pictures: UnitPictures) -> None:
        self._context, self._pictures = context, pictures

    def get(self, unit: Unit, name: str, alone: bool = False) -> dict[str, np.ndarray]:
        """One extractor's features of a unit's pictures.

        Args:
            unit: whose pictures.
            name: of the extractor.
            alone: read nothing of the HR images, as for a picture that is aligned by its own landmarks.
        """
        store, key = self._context.store, self.key(unit, name, alone)
        stored = store.get(FEATURES, key)
        if stored is None:
            made, extractor = self._pictures.get(unit), self._extractor(name)
            guide = self._guide(unit, name, self._unguided(extractor, alone), made.rows)
            standardise(self._context.spec.seed)
            stored = extract(extractor, to_tensor(made.pixels), guide)
            self._context.keys.settle("extractor", name)
            store.put(FEATURES, self.key(unit, name, alone), stored)
        return stored

    def key(self, unit: Unit, name: str, alone: bool = False) -> str:
        """Where they are stored."""
        unguided = self._unguided(self._extractor(name), alone)
        return self._context.keys.features(self._pictures.made_key(unit), name, unguided)

    def _extractor(self, name: str) -> Extractor:
        return self._context.measures.extractor(name)

    def _unguided(self, extractor: Extractor, alone: bool) -> bool:
        return alone or (extractor.aligns and self._context.spec.alignment == "sr")

    def _guide(self, unit: Unit, name: str, alone: bool, rows: np.ndarray) -> dict[str, np.ndarray]:
        """What the extractor reads: features of the HR images where there are any, else of the pictures themselves."""
        requires = self._extractor(name).requires
        if alone or unit.of_hr or self._context.inputs.get(unit.shard).hr is None:
            return {k: v for needed in requires for k, v in self.get(unit, needed, alone).items()}
        hr = replace(unit, method=HR)
        merged = {k: v for needed in (*requires, name) for k, v in self.get(hr, needed).items()}
        return {k: v[rows] for k, v in merged.items()}
