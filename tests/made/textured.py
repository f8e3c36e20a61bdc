"""Pictures with edges and noise, in pairs, of any size."""

from __future__ import annotations

import numpy as np
from PIL import Image


def textured_pair(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """SR and HR, uint8 H,W,3: a smooth picture with noise, and the same paler, with other noise."""
    rng = np.random.RandomState(seed)
    coarse = Image.fromarray(rng.randint(0, 256, (9, 9, 3)).astype(np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(float)
    hr = smooth + rng.normal(0, 6, smooth.shape)
    sr = smooth * np.array([0.8, 0.9, 0.95]) + 12 + rng.normal(0, 4, smooth.shape)
    return sr.clip(0, 255).astype(np.uint8), hr.clip(0, 255).astype(np.uint8)


def without_ties(pictures: np.ndarray) -> np.ndarray:
    """uint8 ...,3 pictures, changed by one level of blue where the luma is halfway between two whole numbers."""
    tie = pictures.astype(int) @ [299, 587, 114] % 1000 == 500
    changed = pictures.copy()
    changed[tie, 2] ^= 1
    return changed
