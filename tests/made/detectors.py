"""A face detector that finds what it is told."""

from __future__ import annotations

from typing import Any

import numpy as np


class Detector:
    """Finds one face, or none."""

    def __init__(self, points: Any = None) -> None:
        self.points = points

    def detect(self, picture: np.ndarray, landmarks: bool) -> Any:
        return ([], [None], None) if self.points is None else ([0], [0.99], [self.points])
