"""Fixtures for all tests; plain helpers are in made.py."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Pictures of 64 px gain nothing by more threads, and several test processes may share the cores."""
    torch.set_num_threads(1)
