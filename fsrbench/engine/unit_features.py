"""The features of units: extracted once per run folder and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fsrbench.engine.by_image import Rows, by_image, get_rows, put_rows
from fsrbench.engine.context import Context
from fsrbench.engine.plan import Unit
from fsrbench.engine.store import FEATURES, Store, key_of
from fsrbench.engine.unit_pictures import UnitPictures
from fsrbench.errors import FsrbenchError
from fsrbench.metrics.extractors.base import BY_LR, Extractor, Features, extract
from fsrbench.metrics.extractors.point_files import IDS
from fsrbench.pictures.decode import to_tensor
from fsrbench.process.state import standardise
from fsrbench.runs.names import HR, LR


def stored_features(store: Store, key: str) -> Features:
    """The features stored under a key.

    Raises:
        FsrbenchError: they are missing.
    """
    stored = store.get(FEATURES, key)
    if stored is None:
        raise FsrbenchError("stored features are gone from the run's cache; run it again")
    return Rows.unpack(stored).arrays


class UnitFeatures:
    """Reads stored features and extracts the others."""

    def __init__(self, context: Context, pictures: UnitPictures) -> None:
        self._context, self._pictures = context, pictures

    def get(self, unit: Unit, name: str, alone: bool = False) -> Rows:
        """One extractor's features of a unit's pictures.

        Args:
            unit: whose pictures.
            name: of the extractor, or of the feature set.
            alone: read no features of HR or LR, as for a picture that is aligned by its own landmarks.
        """
        store, keys = self._context.store, self._context.keys
        if (stored := get_rows(store, FEATURES, self.key(unit, name, alone), keys.token)) is not None:
            return stored
        made, extractor = self._pictures.get(unit), self._extractor(name)
        ids = [self._context.inputs.get(unit.shard).ids[row] for row in made.rows]
        guide = self._guide(unit, name, self._unguided(extractor, alone), ids)
        usable = np.array([row for row, image in enumerate(ids) if image not in guide.problems], dtype=np.int64)
        arrays = dict(guide.arrays) | ({IDS: np.array(ids)[usable]} if extractor.by_id else {})
        images = to_tensor(made.pixels[usable])

        def compute(part: slice) -> dict[str, np.ndarray]:
            standardise(self._context.spec.seed)
            return extract(extractor, images[part], {name: array[part] for name, array in arrays.items()})

        found = by_image(compute, [ids[row] for row in usable], extractor.may_be_nan)
        found.problems |= guide.problems
        keys.settle("extractor", name.removesuffix(BY_LR))
        put_rows(store, FEATURES, self.key(unit, name, alone), keys.token, found)
        return found

    def key(self, unit: Unit, name: str, alone: bool = False) -> str:
        """Key under which the features are stored."""
        unguided, keys = self._unguided(self._extractor(name), alone), self._context.keys
        source = self._source(unit, name, unguided)
        lr = keys.pictures(source) if source.of_lr and not unit.of_lr else None
        pictures = self._pictures.made_key(unit)
        if self._extractor(name).by_id:
            pictures = key_of(pictures=pictures, ids=[sample.id for sample in unit.shard.samples])
        return keys.features(pictures, name.removesuffix(BY_LR), unguided, lr)

    def _extractor(self, name: str) -> Extractor:
        return self._context.measures.extractor(name)

    def _unguided(self, extractor: Extractor, alone: bool) -> bool:
        return alone or (extractor.aligns and self._context.spec.alignment == "sr")

    def _source(self, unit: Unit, name: str, alone: bool) -> Unit:
        """The unit whose features the extractor reads: LR if the feature set says so, else HR if there is any, else
        the pictures' own.
        """
        if alone or unit.of_hr:
            return unit
        if name.endswith(BY_LR):
            return replace(unit, method=LR)
        if self._context.inputs.get(unit.shard).hr is not None:
            return replace(unit, method=HR)
        return unit

    def _guide(self, unit: Unit, name: str, alone: bool, ids: Sequence[str]) -> Rows:
        """The features that the extractor reads, of the unit that :meth:`_source` chooses."""
        needed, tried = self._extractor(name).requires, ids
        source, inputs = self._source(unit, name, alone), self._context.inputs.get(unit.shard)
        if source != unit:
            tried, needed = inputs.ids, (*needed, name)
        if source.of_lr and name.endswith(BY_LR) and inputs.hr is not None:
            alone = True  # the face is detected in LR itself, not taken from HR
        parts = [self.get(source, each, alone) for each in needed]
        problems = {image: why for part in parts for image, why in part.problems.items() if image in ids}
        usable = [image for image in ids if image not in problems]
        arrays = [part.of(usable, tried) for part in parts if usable]
        return Rows({name: array for part in arrays for name, array in part.items()}, problems)
