"""Scores of images of people who differ."""

from __future__ import annotations

import numpy as np


def people_and_scores(rng: np.random.RandomState, people: int = 34, images: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Scores around 3 that vary between people and within them."""
    who = np.repeat(np.arange(people), images)
    return 3 + rng.normal(0, 1, people)[who] + rng.normal(0, 1, len(who)), who
