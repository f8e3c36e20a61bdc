"""A temporary folder that lives as long as the objects that read it."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any


class KeptFolder:
    """A temporary folder, removed when this object is garbage-collected, or at exit.

    Copies share it; it is pickled as ``None``, and forked processes never remove it.
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
