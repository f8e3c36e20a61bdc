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
MANY, LESS_ALIKE = 6, 0.4
"""From so many pairs on less is enough: that each is the nearest to its own is no chance. Of two real people with four
pictures each it happens once in 500 times, and :data:`ALIKE` is never reached."""


def same_faces(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether each of the first few pictures is the nearest to its namesake, and near it.

    Args:
        files: the files.
        first: file by name, of one folder.
        second: the same of the other folder.
    """
    found = _correlation(files, first, second)
    return found is not None and _are_namesakes(found)


def other_faces(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether namesakes are seen to be of different faces; what cannot be read shows nothing. Arguments as above."""
    found = _correlation(files, first, second)
    return found is not None and not _are_namesakes(found) and bool(np.diag(found).mean() < ALIKE)


def _are_namesakes(correlation: np.ndarray) -> bool:
    own, count = np.diag(correlation), len(correlation)
    others = np.where(np.eye(count, dtype=bool), -np.inf, correlation)
    return bool((own > others.max(axis=1) + 1e-6).all() and own.mean() > (LESS_ALIKE if count >= MANY else ALIKE))


def _correlation(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> np.ndarray | None:
    """Of each of the first few pictures with those of the other folder; ``None`` where there are not two to compare."""
    common = sorted(first.keys() & second.keys())[:LOOKED_AT]
    if len(common) < 2:
        return None
    try:
        here, there = (np.stack([_small(files, held[name]) for name in common]) for held in (first, second))
    except (BadImage, OSError):
        return None
    found: np.ndarray = here @ there.T
    return found


def _small(files: Files, name: str) -> np.ndarray:
    """Colours of a few pixels, mean 0 and length 1."""
    image = centre_square(decode(files.read(name))).resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(image, np.float64).ravel()
    values -= values.mean()
    scaled: np.ndarray = values / max(float(np.linalg.norm(values)), 1e-9)
    return scaled
