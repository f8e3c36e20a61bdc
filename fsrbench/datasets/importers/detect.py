"""Find the five landmarks of the largest face, with MTCNN."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from PIL import Image

from fsrbench.faces.mtcnn import MTCNN_SIDE, mtcnn
from fsrbench.pictures.decode import BadImage

CONFIDENCE: Final = 0.9
LARGEST: Final = 1280
"""Larger pictures are reduced to this longer side in pixels: they would take minutes and show no more faces."""


class LandmarkFinder:
    """Five landmarks of the largest face (MTCNN, Zhang et al., IEEE SPL 23, 2016; facenet-pytorch's weights).

    Raises:
        Unavailable: facenet-pytorch is missing.
    """

    def __init__(self) -> None:
        torch.set_num_threads(1)  # each process has a core of its own
        self._detector = mtcnn()

    def find(self, image: Image.Image) -> np.ndarray:
        """5,2 landmarks in pixels of the picture.

        Raises:
            BadImage: no face found, or the picture is too small.
        """
        factor = min(1.0, LARGEST / max(image.size))
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        if min(size) < MTCNN_SIDE:
            raise BadImage("too small for MTCNN")
        small = image if factor == 1 else image.resize(size, Image.Resampling.BILINEAR)
        boxes, confidences, points = self._detector.detect(small, landmarks=True)
        sure = [] if boxes is None else [k for k, c in enumerate(confidences) if c is not None and c >= CONFIDENCE]
        if not sure:
            raise BadImage("MTCNN finds no face")
        largest = max(sure, key=lambda k: (boxes[k][2] - boxes[k][0]) * (boxes[k][3] - boxes[k][1]))
        scale = np.array(image.size) / np.array(small.size)
        found: np.ndarray = (np.asarray(points[largest], dtype=np.float64) + 0.5) * scale - 0.5
        return found
