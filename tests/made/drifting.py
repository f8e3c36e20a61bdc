"""Made windows for drift: textured pictures, a function that enlarges them, and whatever goes wrong with either."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fsrbench.drift.windows import Window, measured

SIDE, SCALE = 16, 4
Picture = np.ndarray


def faces(count: int, seed: int) -> list[Picture]:
    """LR pictures, uint8 16,16,3, each with its own brightness, contrast, colour and texture."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        smooth = np.asarray(
            Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        )
        grey = smooth.mean(axis=2, keepdims=True)
        fine = rng.normal(0, rng.uniform(2, 8), (SIDE, SIDE, 1))
        picture = rng.uniform(60, 170) + rng.uniform(0.4, 1) * (grey - 128 + 0.3 * (smooth - grey)) + fine
        found.append(picture.clip(0, 255).round().astype(np.uint8))
    return found


def enlarge(lr: Picture, strength: float = 1.0) -> Picture:
    """SR: LR enlarged, and ``strength`` times the detail that a method adds to it."""
    image = Image.fromarray(lr)
    size = (lr.shape[1] * SCALE, lr.shape[0] * SCALE)
    smooth = np.asarray(image.resize(size, Image.Resampling.BICUBIC), float)
    sharp = np.asarray(image.resize(size, Image.Resampling.LANCZOS), float)
    return (smooth + strength * 1.5 * (sharp - smooth)).clip(0, 255).round().astype(np.uint8)


def jpeg(picture: Picture, quality: int = 30) -> Picture:
    """A picture after JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def noisy(picture: Picture, sigma: float = 10.0) -> Picture:
    """A picture with white noise, the same for the same picture."""
    rng = np.random.default_rng(int(picture.sum()))
    return (picture + rng.normal(0, sigma, picture.shape)).clip(0, 255).round().astype(np.uint8)


def window(
    lrs: Sequence[Picture],
    method: Callable[[Picture], Picture] = enlarge,
    name: str = "window",
    blocks: Sequence[str] | None = None,
) -> Window:
    """What a run of ``method`` on these pictures would be compared by."""
    rows = {f"{name}/{place:03}": measured(method(lr), lr) for place, lr in enumerate(lrs)}
    values = pd.DataFrame.from_dict(rows, orient="index")
    return Window(name, "mine", "x4", values, tuple(values.index if blocks is None else blocks))


def descriptors(window: Window, seed: int, apart: float = 0.0, pull: float = 0.0) -> Window:
    """The window with made descriptors of LR and SR.

    Args:
        window: of N pictures.
        seed: of the faces.
        apart: how far the people are from others, in standard deviations of each number.
        pull: how far SR is drawn towards the mean of the people, from 0 to 1.
    """
    rng, count = np.random.default_rng(seed), len(window.values)
    lr = rng.normal(size=(count, 8)) + apart
    sr = apart + (1 - pull) * (lr - apart + 0.3 * rng.normal(size=lr.shape))
    protocols = {**window.protocols, "identity_lr": "made"}
    return replace(window, descriptors={"lr": lr, "sr": sr}, protocols=protocols)


def drop(folder: Path, name: str, picture: Picture, age: float = 5000.0) -> Path:
    """Put a picture into a watched folder, as written ``age`` seconds ago."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
    os.utime(path, (time.time() - age,) * 2)
    return path
