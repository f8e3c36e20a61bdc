"""A degradation: LR from HR, the same on every machine because its random numbers come from the image's id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from fsrbench.tasks import Task

Parameters = dict[str, Any]
Degrade = Callable[[Image.Image, int, np.random.RandomState], tuple[Image.Image, Parameters]]


@dataclass(frozen=True)
class Degradation:
    """A named way to make LR from HR."""

    name: str
    protocol: str
    """One line for the record: kernel, antialiasing, steps, noise, compression, source."""
    degrade: Degrade
    strength: float | None = None
    """Strength of ``noise:10`` and the like; see :data:`fsrbench.degradations.STRENGTHS`."""
    unit: str = ""
    """Unit of the strength."""
    restores: bool = False
    """Whether it suits restoration (scale 1): LR of HR's size differs from HR."""
    halves: bool = False
    """Whether it reduces by halvings alone, so that the scale must be a power of two."""

    def suits(self, task: Task) -> bool:
        """Whether it can make the LR of a task; :func:`fsrbench.degradations.check_task` says why not."""
        if task.is_restoration:
            return self.restores
        return not self.halves or task.scale & (task.scale - 1) == 0

    def __call__(self, hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        """Degrade one picture.

        Args:
            hr: RGB picture, square, at the task's HR size (8 bit).
            size: side of the LR picture in pixels.
            rng: source of every random number; see :func:`rng_for`.

        Returns:
            The LR picture (RGB, 8 bit, ``size`` x ``size``) and the drawn parameters.
        """
        return self.degrade(hr, size, rng)


def rng_for(image_id: str, seed: int = 0) -> np.random.RandomState:
    """A random generator for one image, from its id and the run's seed.

    ``RandomState``, because numpy keeps its stream stable (NEP 19); ``Generator`` streams may change.

    Example:
        >>> rng_for("a/1").randint(0, 1000, 4).tolist()
        [643, 433, 512, 876]
    """
    digest = hashlib.sha256(f"{seed}:{image_id}".encode()).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype=np.uint32))
