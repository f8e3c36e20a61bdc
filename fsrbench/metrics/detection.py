"""Face detection: is a face still found, where the HR shows one?"""

from __future__ import annotations

from typing import ClassVar, Final, Self

import numpy as np

from fsrbench.errors import Invalid, counted
from fsrbench.faces.mtcnn import MTCNN_SIDE
from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.extractors.base import LARGE, Features
from fsrbench.metrics.facts import Facts

CONFIDENCE = 0.9
IOU = 0.5
THRESHOLDS = np.linspace(0.5, 0.995, 100)
"""Confidences at which the curve is drawn."""


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


def is_hit(sr: Features, hr: Features | None, confidence: float = CONFIDENCE, iou: float = IOU) -> np.ndarray:
    """Whether the face is found in each of N images.

    Args:
        sr, hr: ``box`` N,4 and ``confidence`` N of the SR images and, where known, of the HR images.
        confidence: least confidence of a face, in SR and HR.
        iou: least overlap with HR's face, where HR shows one; 0 accepts a face anywhere.
    """
    found: np.ndarray = sr["confidence"] >= confidence
    if hr is None or iou <= 0:
        return found
    shown = hr["confidence"] >= confidence
    overlaps = box_iou(sr["box"], hr["box"]) >= iou
    hits: np.ndarray = found & (overlaps | ~shown)
    return hits


_MTCNN: Final = "MTCNN (facenet-pytorch) on the picture as it is, thresholds 0.6/0.7/0.7, minimum face {smallest}"
_RETINAFACE: Final = (
    "RetinaFace (retinaface-pytorch, ResNet-50) on the picture {size} to 256 px{kernel}, boxes suppressed at IoU 0.4"
)
_MOST_CONFIDENT: Final = "the most confident box"
_LARGEST: Final = "the largest box of confidence >= 0.9, or else the most confident,"


def _protocol(detector: str, box: str = _MOST_CONFIDENT) -> str:
    return (
        f"{detector}; {box} is a hit at confidence >= {CONFIDENCE} and, where the HR's is "
        f"that too, IoU >= {IOU} with it; share of all images"
    )


class Detection(FeatureMetric):
    """Share of images in which MTCNN (Zhang et al., IEEE SPL 23, 2016) finds the face.

    An image scores 1 if the most confident box has a confidence of at least 0.9 and, where HR's has too, an
    intersection over union of at least 0.5 with it; else 0. From 0 to 1, higher is better.

    Example:
        >>> box = np.array([[10, 10, 50, 60.0]] * 2)
        >>> hr = {"box": box, "confidence": np.array([0.99, 0.99])}
        >>> sr = {"box": box, "confidence": np.array([0.95, 0.8])}
        >>> Detection().evaluate(Faces(["a", "b"], [None, None], sr, hr), seed=0).values
        array([1., 0.])
    """

    name, title, unit, digits, bounds = "detection", "Detection", "fraction", 1, (0, 1)
    extractor = "mtcnn"
    protocol = _protocol(_MTCNN.format(smallest="20 px"))
    detector: ClassVar[tuple[str, str]] = (_MTCNN.format(smallest="20 px"), _MTCNN.format(smallest="1/8 of the side"))
    """The detector on pictures below 256 px, and on larger ones."""
    least: ClassVar[int] = MTCNN_SIDE
    """Side in pixels of the smallest picture that the detector takes."""

    def check(self, facts: Facts) -> None:
        """Raise if the pictures are smaller than the smallest face it looks for."""
        super().check(facts)
        if facts.task.hr_size < self.least:
            raise Invalid(f"needs pictures of at least {self.least} px, not of {facts.task.hr_size} px")

    def configured(self, facts: Facts) -> Self:
        """With the protocol for pictures of this size."""
        large = facts.task.hr_size >= LARGE
        return self.replace(protocol=_protocol(self.detector[large], _LARGEST if large else _MOST_CONFIDENT))

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """1 for a hit, 0 for a miss; the curve is the share of hits over the least confidence."""
        sr, hr = faces.features, None if faces.is_hr else faces.hr
        details, note = {"mean_confidence": float(sr["confidence"].mean())}, ""
        if hr is not None:
            overlap = box_iou(sr["box"], hr["box"])
            if np.isfinite(overlap).any():
                details["mean_iou"] = float(np.nanmean(overlap))
            missing = int((hr["confidence"] < CONFIDENCE).sum())
            note = f"no face found in {counted(missing, 'HR image')}" if missing else ""
        curve = np.column_stack([THRESHOLDS, [is_hit(sr, hr, t).mean() for t in THRESHOLDS]])
        return Evaluation(is_hit(sr, hr).astype(np.float64), None, note, details, {"threshold": curve})


class DetectionRetinaface(Detection):
    """:class:`Detection` by RetinaFace (Deng et al., CVPR 2020)."""

    name, title = "detection_retinaface", "Detection (RetinaFace)"
    extractor = "retinaface"
    detector = (
        _RETINAFACE.format(size="enlarged", kernel=" by Pillow BICUBIC"),
        _RETINAFACE.format(size="reduced", kernel=" by OpenCV INTER_LINEAR"),
    )
    protocol = _protocol(detector[0])
    least = 1


class DetectionConfidence(Detection):
    """How sure MTCNN is of the face that it finds: the confidence of its box, mean of the images.

    Needs no HR and has no threshold, so that it falls before a face is missed. 0 without a box. From 0 to 1, higher is
    better.

    Example:
        >>> sr = {"box": np.array([[10, 10, 50, 60.0]] * 2), "confidence": np.array([0.95, 0.75])}
        >>> DetectionConfidence().evaluate(Faces(["a", "b"], [None, None], sr, None), seed=0).values
        array([0.95, 0.75])
    """

    name, title, unit, digits = "detection_confidence", "Detector's confidence", "", 4
    protocol = f"{Detection.detector[0]}; confidence of {_MOST_CONFIDENT}, 0 without one; mean of the images"

    def configured(self, facts: Facts) -> Self:
        """With the protocol for pictures of this size."""
        large = facts.task.hr_size >= LARGE
        box = _LARGEST if large else _MOST_CONFIDENT
        return self.replace(protocol=f"{self.detector[large]}; confidence of {box}, 0 without one; mean of the images")

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """The confidence of each image."""
        return Evaluation(np.nan_to_num(faces.features["confidence"].astype(np.float64)))
