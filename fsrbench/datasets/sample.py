"""The built-in sample: synthetic faces of 64 invented identities, made by ``tools/sample``."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from fsrbench.datasets.base import Dataset
from fsrbench.datasets.layout import read_layout
from fsrbench.datasets.storage import ZipFiles

PACK = Path(__file__).parent / "sample.zip"


def sample() -> Dataset:
    """192 synthetic faces, 64 identities x 3 pictures, 128 px, with exact landmarks. No real person is shown."""
    return _read()


@cache
def _read() -> Dataset:
    """The archive's layout, read once in a process, however many runs it makes."""
    return replace(read_layout("sample", ZipFiles(PACK)), name="sample")


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_read.cache_clear)  # an open file is read at one place by both processes
