"""The pictures of a scored run, read from its store: LR, HR and each method's SR."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from fsrbench.engine.cache_limit import CacheLimit
from fsrbench.engine.context import Context
from fsrbench.engine.pictures import Pictures
from fsrbench.engine.plan import Shard, Unit
from fsrbench.engine.results import MethodResults
from fsrbench.engine.store import PICTURES
from fsrbench.engine.unit_pictures import UnitPictures
from fsrbench.runs.names import HR, LR


class RunPictures:
    """Pictures by row (a method, LR or HR) and shard; pixels are read on demand.

    Args:
        context: of the run.
        results: of its methods.
        limit: of the cache; pictures that it removed are made again.
    """

    def __init__(self, context: Context, results: Mapping[str, MethodResults], limit: CacheLimit) -> None:
        self._context, self._results, self._limit = context, results, limit
        self._units = UnitPictures(context)

    def ids(self, shard: Shard) -> list[str]:
        """The usable images of a shard."""
        return self._context.inputs.facts(shard).ids

    def key(self, row: str, shard: Shard) -> str:
        """A key that changes when the pictures do."""
        if row == LR:
            return self._context.keys.inputs(shard)
        if row == HR:
            return self._context.keys.pictures(Unit(shard, HR))
        return self._results[row].made_keys[shard.index]

    def read(self, rows: Collection[str], shard: Shard) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """Yield each row with its pictures, uint8 H,W,3 by image, without images that the method failed on."""
        ids = self.ids(shard)
        if LR in rows or HR in rows:
            inputs = self._context.inputs.get(shard)
            found = {LR: inputs.lr, HR: inputs.hr}
            for row in (row for row in (LR, HR) if row in rows):
                pixels = found[row]
                yield row, {} if pixels is None else dict(zip(ids, pixels, strict=True))
        for row in (row for row in rows if row not in (LR, HR)):
            made = self._made(row, shard, ids)
            yield row, {ids[i]: pixels for i, pixels in zip(made.rows, made.pixels, strict=True)} if made else {}
        self._limit.apply()

    def _made(self, row: str, shard: Shard, ids: Sequence[str]) -> Pictures | None:
        """A method's pictures of a shard; ``None`` if it made none."""
        results = self._results[row]
        if (stored := self._context.store.get(PICTURES, results.stored_at[shard.index])) is not None:
            return Pictures.unpack(stored)
        return self._units.get(Unit(shard, row)) if set(ids) & set(results.ids) else None
