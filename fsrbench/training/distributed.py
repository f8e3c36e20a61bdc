"""Train in several processes: started by ``torchrun``, one device each, gradients averaged."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import distributed, nn

from fsrbench.errors import UserError, one_line


def start(device: torch.device) -> torch.device:
    """Join the processes that ``torchrun`` started, if it did, and return the device of this one."""
    if "RANK" not in os.environ:
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device


def stop() -> None:
    """Leave the process group."""
    if distributed.is_initialized():
        distributed.destroy_process_group()
        gc.collect()  # gloo's threads end with the last reference; while Python exits they may abort the process


def rank() -> int:
    """Index of this process; the first, 0, saves and reports."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world_size() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def barrier() -> None:
    """Wait until all processes get here."""
    if distributed.is_initialized():
        with _peer_errors():
            distributed.barrier()


def any_process(value: bool) -> bool:
    """Whether it is true in any process; all processes must call this."""
    if world_size() == 1:
        return value
    flag = torch.tensor(float(value), device="cuda" if distributed.get_backend() == "nccl" else "cpu")
    with _peer_errors():
        distributed.all_reduce(flag)
    return bool(flag > 0)


@contextmanager
def fail_together() -> Iterator[None]:
    """Raise in all processes if one of them raises inside: the others would wait for it for ever.

    Raises:
        UserError: another process has raised.
    """
    reason: Exception | None = None
    try:
        yield
    except Exception as error:
        reason = error
    failed = any_process(reason is not None)
    if reason is not None:
        raise reason
    if failed:
        raise UserError("another process of this training has stopped; its message says why")


@contextmanager
def _peer_errors() -> Iterator[None]:
    """Raise one line if another process is gone."""
    try:
        yield
    except RuntimeError as error:
        raise UserError(f"another process of this training has ended: {one_line(error)[:200]}") from error


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes."""
    if world_size() == 1:
        return
    with _peer_errors():
        for parameter in parameters:
            if parameter.grad is not None:
                distributed.all_reduce(parameter.grad)
                parameter.grad /= world_size()


def broadcast_weights(modules: Iterable[nn.Module]) -> None:
    """Copy the weights of the first process to all."""
    if world_size() == 1:
        return
    with torch.no_grad(), _peer_errors():
        for module in modules:
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, 0)
