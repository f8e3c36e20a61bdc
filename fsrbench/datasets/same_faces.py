"""Whether two folders hold the same faces under the same names, as HR and LR or two methods' pictures do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.datasets.storage import Files
from fsrbench.pictures.decode import BadImage, centre_square, decode

SIDE: Final = 8
"""Side in pixels at which pictures are compared: details of this size survive any degradation."""
COMPARED: Final = 8
"""Maximum pairs that are decoded."""
ALIKE: Final = 0.85
"""Mean correlation above which two pairs or more show the same faces; aligned faces of two people reach about 0.7."""
MANY, LESS_ALIKE = 6, 0.4
"""From 6 pairs on 0.4 is enough: that each is nearest to its own counterpart is hardly chance. With two real people and
four pictures each that happens once in 500 times, and :data:`ALIKE` is never reached."""


def same_faces(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether each of the first few pictures is nearest to the one of its name in the other folder, and close to it.

    Args:
        files: the files.
        first: file by name, of one folder.
        second: the same of the other folder.
    """
    found = _correlation(files, first, second)
    return found is not None and _are_same(found)


def other_faces(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether pictures of one name clearly show different faces; unreadable ones decide nothing. Arguments as above."""
    found = _correlation(files, first, second)
    return found is not None and not _are_same(found) and bool(np.diag(found).mean() < ALIKE)


def _are_same(correlation: np.ndarray) -> bool:
    own, count = np.diag(correlation), len(correlation)
    others = np.where(np.eye(count, dtype=bool), -np.inf, correlation)
    return bool((own > others.max(axis=1) + 1e-6).all() and own.mean() > (LESS_ALIKE if count >= MANY else ALIKE))


def _correlation(files: Files, first: Mapping[str, str], second: Mapping[str, str]) -> np.ndarray | None:
    """Correlations of the first few pictures with the other folder's; ``None`` with fewer than two readable pairs."""
    common = sorted(first.keys() & second.keys())[:COMPARED]
    if len(common) < 2:
        return None
    try:
        one, other = (np.stack([_small(files, folder[name]) for name in common]) for folder in (first, second))
    except (BadImage, OSError):
        return None
    found: np.ndarray = one @ other.T
    return found


def _small(files: Files, name: str) -> np.ndarray:
    """Colours of a few pixels, mean 0 and length 1."""
    image = centre_square(decode(files.read(name))).resize((SIDE, SIDE), Image.Resampling.BOX)
    values = np.asarray(image, np.float64).ravel()
    values -= values.mean()
    scaled: np.ndarray = values / max(float(np.linalg.norm(values)), 1e-9)
    return scaled
