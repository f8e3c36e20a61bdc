"""A training that goes wrong in one process of several, in a module that spawned processes can import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from fsrbench.training import distributed
from fsrbench.training.data import Batch
from fsrbench.training.loop import Schedule, train
from fsrbench.training.recipe import Options
from fsrbench.training.restoration import PairRecipe
from reference_model.generator import RestorationNetwork


class Failing(PairRecipe):
    """Its losses, or its batches, go wrong in one process."""

    def __init__(self, options: Options, how: str) -> None:
        super().__init__(options, RestorationNetwork(4, channels=4, blocks=1), (2e-3, 1e-4))
        self.how = how

    def step(self, batch: Batch, progress: float) -> dict[str, float]:
        losses = super().step(batch, progress)
        if self.how == "step" and distributed.rank() == 1 and progress > 0:
            raise ValueError("broken in one process")
        return {name: float("nan") if self.how == "nan" else value for name, value in losses.items()}


def train_in_process(rank: int, ports: Mapping[str, int], out: Path, options: Options, answer: Connection) -> None:
    """Train as one of two processes, once for each way to fail, and send how it ended."""
    torch.set_num_threads(1)
    for how, port in ports.items():
        os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        distributed.start(torch.device("cpu"))
        try:
            train(Failing(options, how), out / how, Schedule(4, save_every=2), False, lambda done, losses: None)
            answer.send("finished")
        except Exception as error:
            answer.send(f"{type(error).__name__}: {error}")
        finally:
            distributed.stop()
