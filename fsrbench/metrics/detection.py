"""Face detection: is a face still found, where the HR shows one?"""

from __future__ import annotations

import numpy as np

from fsrbench.metrics.base import Evaluation, Faces, FeatureMetric

CONFIDENCE = 0.9
IOU = 0.5


def box_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union, row by row, of N,4 boxes x0, y0, x1, y1; NaN where a box is NaN or both are empty.

    Example:
        >>> box_iou(np.array([[0, 0, 2, 2.0]]), np.array([[1, 0, 3, 2.0]])).round(3)
        array([0.333])
    """
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a, b)]
    union = areas[0] + areas[1] - shared
    result: np.ndarray = np.divide(shared, union, out=np.full(len(a), np.nan), where=union > 0)
    return result


class Detection(FeatureMetric):
    """Share of images in which MTCNN finds the face."""

    name, title, unit, digits = "detection", "Detection", "fraction", 1
    extractor = "mtcnn"
    protocol = (
        "MTCNN (facenet-pytorch) on the picture as it is, thresholds 0.6/0.7/0.7, minimum face 20 px; the most "
        f"confident box is a hit at confidence >= {CONFIDENCE} and, where the HR's is that too, IoU >= {IOU} with "
        "it; share of all images"
    )

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """1 for a hit, 0 for a miss."""
        hits = faces.features["confidence"] >= CONFIDENCE
        note = ""
        if faces.hr is not None and not faces.is_hr:
            shown = faces.hr["confidence"] >= CONFIDENCE
            overlaps = box_iou(faces.features["box"], faces.hr["box"]) >= IOU
            hits = hits & (overlaps | ~shown)
            note = f"no face found in {int((~shown).sum())} HR images" if not shown.all() else ""
        return Evaluation(hits.astype(np.float64), note=note)
