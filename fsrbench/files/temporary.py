"""A temporary folder that lives as long as what reads it."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any


class KeptFolder:
    """A temporary folder that is there as long as any object holds this one, at most as long as the process.

    Copies share it; what another process unpickles has ``None`` instead, and a forked process never removes it.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="fsrbench-"))
        self.remove = weakref.finalize(self, _remove, self.path, os.getpid())

    def __copy__(self) -> KeptFolder:
        return self

    def __deepcopy__(self, memo: Any) -> KeptFolder:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)
