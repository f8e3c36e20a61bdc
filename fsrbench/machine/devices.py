"""Devices by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fsrbench.errors import UserError
from fsrbench.machine.cores import usable_cores


def find_device(name: str) -> torch.device:
    """The device behind ``auto``, ``cpu``, ``cuda`` or ``cuda:i``.

    Raises:
        UserError: the name is unknown, or torch does not see the device.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise UserError(f"unknown device {name!r}; known: auto, cpu, cuda, cuda:i")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UserError(f"no device {name}: torch sees {torch.cuda.device_count()} CUDA devices")
    return device


def use_no_more_threads_than_cores() -> None:
    """Limit torch's threads to the usable cores: torch ignores a container's quota, but not ``OMP_NUM_THREADS``."""
    torch.set_num_threads(min(torch.get_num_threads(), usable_cores()))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one CPU thread inside, so that torch sums in the same order on every machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
