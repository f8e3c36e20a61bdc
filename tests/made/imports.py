"""Calls of ``fsrbench data`` and looks at what they leave."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
from click.testing import Result
from PIL import Image

from made import call


def do_import(kind: str, source: Path, folder: Path, *options: object) -> Result:
    """``fsrbench data import`` in this process."""
    result = call("data", "import", kind, source, f"{folder}", "--workers", 1, *options)
    assert result.exit_code == 0, result.output
    return result


def pictures(folder: Path, side: str = "HR") -> dict[str, np.ndarray]:
    """The pictures of a dataset by id."""
    files = sorted((folder / side).rglob("*.png"))
    return {str(f.relative_to(folder / side).with_suffix("")): np.asarray(Image.open(f)) for f in files}


def manifest(folder: Path) -> dict[str, Any]:
    """What ``dataset.json`` says."""
    read: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    return read


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a csv."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a dataset, byte for byte."""
    files = (f for f in folder.rglob("*") if f.is_file() and f.name != ".lock")
    return {str(f.relative_to(folder)): f.read_bytes() for f in files}
