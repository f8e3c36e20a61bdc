"""Several processes on one training: where one stops, all do."""

from __future__ import annotations

import multiprocessing
import os
import socket
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch

from fsrbench.errors import UserError
from fsrbench.training import distributed
from fsrbench.training.data import Batch
from fsrbench.training.loop import Schedule, train
from fsrbench.training.recipe import Options
from fsrbench.training.restoration import PairRecipe
from reference_model.generator import RestorationNetwork

SECONDS = 120


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


def _process(rank: int, port: int, out: Path, options: Options, how: str, answer: Connection) -> None:
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    distributed.start(torch.device("cpu"))
    try:
        train(Failing(options, how), out, Schedule(4, save_every=2), False, lambda done, losses: None)
        answer.send("finished")
    except Exception as error:
        answer.send(f"{type(error).__name__}: {error}")
    finally:
        distributed.stop()


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("nan", ("UserError: step 2: pixel not finite", "UserError: another process of this training has stopped")),
        ("step", ("UserError: another process of this training has ended", "ValueError: broken in one process")),
    ],
)
def test_no_process_waits_for_one_that_has_stopped(
    options: Options, tmp_path: Path, how: str, expected: tuple[str, str]
) -> None:
    """Two processes, which take seconds to import torch."""
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ends = [context.Pipe() for _ in range(2)]
    started = [
        context.Process(target=_process, args=(rank, port, tmp_path, options, how, theirs))
        for rank, (_, theirs) in enumerate(ends)
    ]
    for process in started:
        process.start()
    try:
        for (ours, _), begins in zip(ends, expected, strict=True):
            assert ours.poll(SECONDS)
            assert ours.recv().startswith(begins)
        for process in started:
            process.join(30)
            assert process.exitcode == 0
    finally:
        for process in started:
            process.kill()


def test_alone_what_is_raised_is_raised() -> None:
    with pytest.raises(UserError, match="mine"), distributed.fail_together():
        raise UserError("mine")
