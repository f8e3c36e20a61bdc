"""Metrics of a set on a cheap descriptor, and what each of several processes measures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from fsrbench.metrics.distribution import Fid
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor, Features
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.verification import VerificationLabelled

METRICS = ("psnr", "ssim", "colour_drift")


class Blocks(Extractor):
    """Mean colours of blocks of 16 px: 48 numbers."""

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        return {"descriptor": avg_pool2d(images, 16).reshape(len(images), -1).double().numpy()}


class BlockFid(Fid):
    """FID of few images."""

    name, extractor, feature, description, least = "fid_blocks", "blocks", "descriptor", "colours of blocks", 20


class BlockVerification(VerificationLabelled):
    """Verification by colours."""

    name, least_ceiling = "verification_blocks", 0.0

    def configured(self, facts: Facts) -> Self:
        return self.replace(extractor="blocks", sides=facts.sides)


def block_extractor() -> AbstractContextManager[None]:
    """Inside, the extractor is known by its name; a fork may know it already."""
    return nullcontext() if "blocks" in EXTRACTORS else EXTRACTORS.temporarily({"blocks": Blocks})


def halves(count: int) -> list[list[int]]:
    """The rows of two processes, unordered, with one image in both, as a distributed sampler fills up."""
    order = np.random.default_rng(0).permutation(count).tolist()
    return [order[: count // 2], [*order[count // 2 :], order[0]]]


def measured(rows: Sequence[Sequence[int]], pictures: dict[str, np.ndarray]) -> dict[str, float]:
    """The value of each metric after batches of these rows."""
    import fsrbench

    metrics = {name: fsrbench.as_torchmetric(name) for name in METRICS}
    metrics |= {metric.name: fsrbench.as_torchmetric(metric()) for metric in (BlockFid, BlockVerification)}
    ids, who = pictures["ids"].tolist(), pictures["who"].tolist()
    for batch in rows:
        sr, hr = (torch.from_numpy(pictures[side][list(batch)]) for side in ("sr", "hr"))
        for metric in metrics.values():
            metric.update(sr, hr, ids=[ids[row] for row in batch], identities=[who[row] for row in batch])
    return {name: float(metric.compute()) for name, metric in metrics.items()}


def measure_part(rank: int, world: int, folder: Path) -> None:
    """In one of several processes: read ``pictures.npz`` in the folder and write the values of all."""
    from torch import distributed

    distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    with np.load(folder / "pictures.npz") as file, block_extractor():
        pictures = dict(file)
        mine = halves(len(pictures["ids"]))[rank]
        values = measured([mine[start : start + 8] for start in range(0, len(mine), 8)], pictures)
    (folder / f"values{rank}.json").write_text(json.dumps(values))
    distributed.destroy_process_group()
