"""Descriptors of people that nobody has seen: a point a person, the pictures spread around it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fsrbench.metrics.evaluation import Faces

GROUPS = [f"id{i:02}" for i in range(30) for _ in range(1 + i % 4)]
"""Thirty people, one to four pictures each."""


@dataclass
class People:
    """Descriptors of the pictures of some people, in SR and in HR."""

    spread: float
    groups: list[str] = field(default_factory=lambda: GROUPS)
    seed: int = 0

    def faces(self) -> Faces:
        rng = np.random.RandomState(self.seed)
        centres = {g: rng.normal(size=128) for g in sorted(set(self.groups))}
        hr, sr = (np.array([centres[g] + self.spread * rng.normal(size=128) for g in self.groups]) for _ in range(2))
        ids = [f"{g}/{i}" for i, g in enumerate(self.groups)]
        return Faces(ids, self.groups, {"descriptor": sr}, {"descriptor": hr})
