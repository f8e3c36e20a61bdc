"""Tuning glibc's malloc; does nothing on other systems."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""


def trim() -> None:
    """Return free memory to the system, in 10 ms.

    Small results that are kept lie between freed tensors of some MB, so malloc cannot reuse the gaps for the next
    tensors: without this a run grows by 60 kB per image.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def tune_malloc() -> None:
    """Let malloc keep freed memory, as it does by default.

    Dask's nannies set ``MALLOC_TRIM_THRESHOLD_`` so low that every large tensor is new memory from the system: networks
    then take twice as long (18 s and 2 s of system time became 18 s and 13 s). The values are glibc's own upper limits.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * 2**20)
