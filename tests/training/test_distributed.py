"""Several processes on one training: where one stops, all do."""

from __future__ import annotations

import multiprocessing
import socket
from pathlib import Path

import pytest
from made.failing_training import train_in_process

from fsrbench.errors import UserError
from fsrbench.training import distributed
from fsrbench.training.recipe import Options

SECONDS = 120


@pytest.mark.heavy
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
        context.Process(target=train_in_process, args=(rank, port, tmp_path, options, how, theirs))
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
