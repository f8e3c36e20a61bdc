"""Names of the files in a bundle."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

DOCUMENT: Final = "bundle.json"
PICTURES: Final = "pictures"
VERDICT: Final = ".verdict.json"
"""Suffix of a verdict, after the bundle's whole name: ``mine.zip.verdict.json`` is that on ``mine.zip``."""
_KNOWN: Final = re.compile(
    r"bundle\.json|scores/\d{1,4}\.csv|blocks/\d{1,4}\.csv|manifests/\d{1,4}\.json|pictures/\d{1,4}/.+\.png", re.DOTALL
)


def scores(result: int) -> str:
    """Scores per image of a result, by its index in the list."""
    return f"scores/{result}.csv"


def blocks(result: int) -> str:
    """Pseudo-values of blocks of images, for metrics of the whole set."""
    return f"blocks/{result}.csv"


def manifest(result: int) -> str:
    """The run's manifest, byte for byte."""
    return f"manifests/{result}.json"


def picture(result: int, image: str) -> str:
    """The method's picture of an image."""
    return f"{PICTURES}/{result}/{image}.png"


def why_refused(name: str) -> str:
    """Why a bundle may not have a file of this name; empty if it may.

    Example:
        >>> why_refused("scores/0.csv"), why_refused("pictures/0/../../x.png")
        ('', 'leads out of the bundle')
    """
    path = PurePosixPath(name)
    if path.is_absolute() or re.match(r"[A-Za-z]:", name):
        return "is an absolute path"
    if ".." in path.parts or "\\" in name:
        return "leads out of the bundle"
    if "\0" in name or str(path) != name or not name.isprintable():
        return "is not a plain relative path"
    return "" if _KNOWN.fullmatch(name) else "is not a file of a bundle"
