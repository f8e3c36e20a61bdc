"""Whether two folders hold the same faces under the same names, as HR and LR or two methods' pictures do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.datasets.storage import Files
from fsrbench.pictures.decode import BadImage, centre_square, decode

SIDE: Final = 8
"""Pixels that are compared: what survives any degradation."""
LOOKED_AT: Final = 8
ALIKE: Final = 0.85
"""Mean correlation from which on two pairs are of the same faces; of two people it is about 0.7 when aligned."""
MANY, LESS_ALIKE = 4, 0.4
"""From so many pairs on less is enough: that each is the nearest to its own is no chance."""


def same_faces(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether each of the first few pictures is the nearest to its namesake, and near it.

    Args:
        files: the files.
        first: file by name, of one folder.
        second: the same of the other folder.
    """
    common = sorted(first.keys() & second.keys())[:LOOKED_AT]
    if len(common) < 2:
        return False
    try:
        here, there = (np.stack([_small(files, held[name]) for name in common]) for held in (first, second))
    except (BadImage, OSError):
        return False
    correlation = here @ there.T
    own = np.diag(correlation)
    others = np.where(np.eye(len(common), dtype=bool), -np.inf, correlation)
    return bool((own > others.max(axis=1) + 1e-6).all() and own.mean() > (LESS_ALIKE if len(common) >= MANY else ALIKE))


def _small(files: Files, name: str) -> np.ndarray:
    """Colours of a few pixels, mean 0 and length 1."""
    image = centre_square(decode(files.read(name))).resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(image, np.float64).ravel()
    values -= values.mean()
    scaled: np.ndarray = values / max(float(np.linalg.norm(values)), 1e-9)
    return scaled
