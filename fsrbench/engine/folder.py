"""The run's folder: made before any work, its data files written after."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fsrbench.engine.frames import Frames
from fsrbench.errors import UserError

CACHE = "cache"
"""Where the units that are done lie."""
MANIFEST = "manifest.json"


def make(path: Path, resume: bool) -> None:
    """Make the run's folder; without ``resume`` what an earlier run left in its cache is dropped.

    Raises:
        UserError: it cannot be made or written to, or holds something that is no run.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass  # asking for permission is not enough: the file system may be read-only or full
    except OSError as error:
        raise UserError(f"cannot write to {path}: {error.strerror}") from None
    if any(path.iterdir()) and not ((path / MANIFEST).exists() or (path / CACHE).exists()):
        raise UserError(f"{path} holds other files; give --out a new or an earlier run's folder")
    if not resume:
        shutil.rmtree(path / CACHE, ignore_errors=True)


def write(path: Path, frames: Frames, manifest: Mapping[str, Any]) -> None:
    """Write the data files of the run's folder."""
    frames.scores.to_parquet(path / "scores.parquet", index=False)
    for name in ("summary", "details", "curves", "blocks", "images"):
        getattr(frames, name).to_csv(path / f"{name}.csv", index=False)
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (path / MANIFEST).write_text(text + "\n", encoding="utf-8")
