"""How glibc's malloc is asked to behave; elsewhere nothing is done."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""


def give_back() -> None:
    """Give free memory back to the system.

    Between tensors of some MB lie small results that stay, so malloc finds no room for the next ones in what is free:
    without this a run grows by 60 kB an image. It takes 10 ms.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def keep() -> None:
    """Let malloc keep freed memory as it does by itself.

    Dask's nannies set ``MALLOC_TRIM_THRESHOLD_`` so low that every large tensor is new memory from the system: networks
    then take twice as long (18 s and 2 s of system time became 18 s and 13 s). The numbers are where glibc's own end.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * 2**20)
