"""Fixtures for all tests; plain helpers are in made.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
import torch

from fsrbench.weights import known as weights


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Pictures of 64 px gain nothing by more threads, and several test processes may share the cores."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _no_downloads() -> Iterator[None]:
    """Runs in this process fetch no weights; tests of that put :func:`fetched_when_needed` back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "fetched_when_needed", lambda reporter: nullcontext())
        yield
