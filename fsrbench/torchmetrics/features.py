"""Features of a batch's pictures, each computed once for all metrics that read them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import cache
from typing import Final

import numpy as np
import torch

from fsrbench.engine.by_image import Rows, by_image
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS, Extractor, extract
from fsrbench.metrics.extractors.point_files import IDS
from fsrbench.pictures.decode import to_tensor
from fsrbench.pictures.enlarge import enlarge
from fsrbench.process.state import standardise
from fsrbench.torchmetrics.base import Batch

MOST_KEPT: Final = 32
"""Results of batches that are kept for other metrics of the same batch."""
_kept: OrderedDict[tuple[object, ...], Rows] = OrderedDict()


class BatchFeatures:
    """Features of a batch, extracted as in a run: guided by HR's landmarks if there is HR.

    Args:
        batch: the pictures.
        alignment: whose landmarks align a face; with ``sr`` those of each picture itself.
        seed: of everything random.
        device: where networks compute.
    """

    def __init__(self, batch: Batch, alignment: str, seed: int, device: torch.device) -> None:
        self._batch, self._alignment, self._seed, self._device = batch, alignment, seed, device
        self._digest = _digest(batch)

    def of(self, name: str, side: str, alone: bool = False) -> Rows:
        """One extractor's features of one side's pictures.

        Args:
            name: of the feature set: the extractor's, and by whose landmarks faces are aligned.
            side: ``sr``, ``hr`` or ``lr``, enlarged to SR's side.
            alone: use nothing from other pictures, such as HR's landmarks.
        """
        key = (self._digest, self._alignment, self._seed, str(self._device), name, side, alone)
        if key not in _kept:
            _kept[key] = self._extracted(name, side, alone)
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        return _kept[key]

    def _extracted(self, name: str, side: str, alone: bool) -> Rows:
        extractor, ids = _extractor(name.removesuffix(BY_LR), str(self._device)), self._batch.ids
        guide = self._guide(extractor, name, side, alone)
        usable = np.array([row for row, image in enumerate(ids) if image not in guide.problems], dtype=np.int64)
        arrays = dict(guide.arrays) | ({IDS: np.array(ids)[usable]} if extractor.by_id else {})
        images = to_tensor(self._pictures(side)[usable])

        def compute(part: slice) -> dict[str, np.ndarray]:
            standardise(self._seed)
            return extract(extractor, images[part], {name: array[part] for name, array in arrays.items()})

        found = by_image(compute, [ids[row] for row in usable], extractor.may_be_nan)
        return Rows(found.arrays, found.problems | guide.problems)

    def _guide(self, extractor: Extractor, name: str, side: str, alone: bool) -> Rows:
        """What the extractor reads: from LR if the feature set says so, else from HR if there is any, else itself."""
        unguided = alone or (extractor.aligns and self._alignment == "sr")
        source, needed, ids = self._source(name, side, unguided), extractor.requires, self._batch.ids
        if source != side:
            needed = (*needed, name)
        own_lr = source == "lr" and name.endswith(BY_LR) and self._batch.hr is not None
        parts = [self.of(each, source, unguided or own_lr) for each in needed]
        problems = {image: why for part in parts for image, why in part.problems.items()}
        usable = [image for image in ids if image not in problems]
        arrays = [part.of(usable, ids) for part in parts if usable]
        return Rows({name: array for part in arrays for name, array in part.items()}, problems)

    def _source(self, name: str, side: str, unguided: bool) -> str:
        if unguided or side == "hr":
            return side
        if name.endswith(BY_LR):
            return "lr"
        return "hr" if self._batch.hr is not None else side

    def _pictures(self, side: str) -> np.ndarray:
        pictures = {"sr": self._batch.sr, "hr": self._batch.hr, "lr": self._batch.lr}[side]
        assert pictures is not None
        return pictures if side != "lr" else np.stack([enlarge(lr, self._batch.sr.shape[1]) for lr in pictures])


@cache
def _extractor(name: str, device: str) -> Extractor:
    made: Extractor = EXTRACTORS.get(name)()
    made.use(torch.device(device))
    return made


def _digest(batch: Batch) -> str:
    found = hashlib.sha256()
    for pictures in (batch.sr, batch.hr, batch.lr):
        found.update(b"-" if pictures is None else repr(pictures.shape).encode() + pictures.tobytes())
    return found.hexdigest() + "".join(batch.ids)
