"""Several processes on one training: started by ``torchrun``, one device each, gradients averaged."""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
from torch import distributed, nn


def start(device: torch.device) -> torch.device:
    """Join the other processes where ``torchrun`` started some; the device of this one."""
    if "RANK" not in os.environ:
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return device


def stop() -> None:
    """Leave the other processes."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def rank() -> int:
    """Number of this process; 0 saves and reports."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    """Number of processes."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def wait() -> None:
    """Until all processes are here."""
    if distributed.is_initialized():
        distributed.barrier()


def any_process(value: bool) -> bool:
    """Whether it is true in any process; all must ask."""
    if world() == 1:
        return value
    flag = torch.tensor(float(value), device="cuda" if distributed.get_backend() == "nccl" else "cpu")
    distributed.all_reduce(flag)
    return bool(flag > 0)


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace each gradient by its mean over all processes."""
    if world() == 1:
        return
    for parameter in parameters:
        if parameter.grad is not None:
            distributed.all_reduce(parameter.grad)
            parameter.grad /= world()


def share_start(modules: Iterable[nn.Module]) -> None:
    """Give all processes the weights of the first."""
    if world() == 1:
        return
    with torch.no_grad():
        for module in modules:
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, 0)
