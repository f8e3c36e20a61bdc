"""Several processes in one training: if one stops, all do."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from made.failing_training import train_in_process

from fsrbench.errors import UserError
from fsrbench.methods.isolation.fork_server import starting_context
from fsrbench.tasks import TASKS
from fsrbench.training import distributed
from fsrbench.training.recipe import Options

SECONDS = 120


WAYS = {
    "nan": ("UserError: step 2: pixel not finite", "UserError: another process of this training has stopped"),
    "step": ("UserError: another process of this training has ended", "ValueError: broken in one process"),
}


@pytest.fixture(scope="module")
def ended(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """How each of two processes ended, by what went wrong; torch, which takes seconds, is imported once for both."""
    context = starting_context()
    with ExitStack() as servers:
        places = [servers.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in WAYS]
        ports = {how: server.getsockname()[1] for how, server in zip(WAYS, places, strict=True)}
    options = Options(TASKS["x4"], str(faces), torch.device("cpu"), amp=False, batch=4)
    out = tmp_path_factory.mktemp("trainings")
    ends = [context.Pipe() for _ in range(2)]
    started = [
        context.Process(target=train_in_process, args=(rank, ports, out, options, theirs))
        for rank, (_, theirs) in enumerate(ends)
    ]
    for process in started:
        process.start()
    try:
        found: dict[str, list[str]] = {}
        for how in WAYS:
            assert all(ours.poll(SECONDS) for ours, _ in ends)
            found[how] = [ours.recv() for ours, _ in ends]
        for process in started:
            process.join(30)
            assert process.exitcode == 0
    finally:
        for process in started:
            process.kill()
    return found


@pytest.mark.heavy
@pytest.mark.parametrize("how", WAYS)
def test_no_process_waits_for_one_that_has_stopped(ended: dict[str, list[str]], how: str) -> None:
    for ending, begins in zip(ended[how], WAYS[how], strict=True):
        assert ending.startswith(begins)


def test_alone_what_is_raised_is_raised() -> None:
    with pytest.raises(UserError, match="mine"), distributed.fail_together():
        raise UserError("mine")
