"""Face detectors as feature extractors."""

from __future__ import annotations

import io
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from fsrbench import weights
from fsrbench.faces.mtcnn import MTCNN_SIDE, facenet_pytorch_package, mtcnn
from fsrbench.machine.packages import cannot_import
from fsrbench.metrics.extractors.base import LARGE, Extractor, Features
from fsrbench.pictures.decode import to_uint8
from fsrbench.pictures.enlarge import enlarge
from fsrbench.weights.tensors import check_tensors, tensors_of

RETINAFACE_SIDE = 256
SHARE = 8
"""In pictures of :data:`LARGE` px and more, the smallest face looked for is the side over this."""
SURE = 0.9
"""Least confidence of a face that is chosen for its size."""
RETINAFACE_LEAST = 0.02
"""RetinaFace's boxes of a lower confidence are ignored."""


def choose_face(boxes: np.ndarray, confidences: np.ndarray, side: int) -> int:
    """The picture's main face: the most confident, in large pictures the largest of confidence >= 0.9 if there is one.

    Args:
        boxes: N,4: x0, y0, x1, y1.
        confidences: N.
        side: of the picture in pixels.

    Returns:
        Its row number.

    Example:
        >>> boxes = np.array([[0, 0, 40, 40], [60, 60, 260, 260.0]])
        >>> choose_face(boxes, np.array([0.99, 0.95]), 512), choose_face(boxes, np.array([0.99, 0.95]), 128)
        (1, 0)
    """
    sure = confidences >= SURE
    if side < LARGE or not sure.any():
        return int(np.argmax(confidences))
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return int(np.argmax(np.where(sure, areas, -1)))


class Mtcnn(Extractor):
    """The most confident face that MTCNN finds (Zhang et al., IEEE SPL 23, 2016; facenet-pytorch's weights).

    In pictures of 256 px and more, only faces of at least an eighth of the side are looked for, and the largest with a
    confidence of at least 0.9 is chosen if there is one.
    """

    on_gpu = True

    def check(self) -> None:
        """Raise if facenet-pytorch, which brings the weights, is missing."""
        facenet_pytorch_package()

    @cached_property
    def _detectors(self) -> dict[int, Any]:
        """By the smallest face."""
        return {}

    def _detect(self, picture: np.ndarray) -> tuple[Any, Any]:
        """Boxes and confidences."""
        side = min(picture.shape[:2])
        if side < MTCNN_SIDE:  # the pyramid of such a picture is empty, on which facenet-pytorch fails
            return None, None
        smallest = max(MTCNN_SIDE, side // SHARE) if side >= LARGE else MTCNN_SIDE
        if smallest not in self._detectors:
            self._detectors[smallest] = mtcnn(smallest, self.device)
        found: tuple[Any, Any] = self._detectors[smallest].detect(picture)
        return found

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``box`` N,4 (x0, y0, x1, y1 in pixels; NaN where no face) and ``confidence`` N (0 where no face)."""
        boxes = np.full((len(images), 4), np.nan)
        confidences = np.zeros(len(images))
        for row, image in enumerate(to_uint8(images)):
            # One by one: in a batch, its suppression of overlapping boxes rounds more coarsely for later pictures
            candidates, score = self._detect(image)
            if candidates is not None and len(candidates):
                best = choose_face(candidates, score, min(image.shape[:2]))
                boxes[row], confidences[row] = candidates[best], score[best]
        return {"box": boxes, "confidence": confidences}


class Retinaface(Extractor):
    """The most confident face that RetinaFace finds (Deng et al., CVPR 2020; retinaface-pytorch's ResNet-50)."""

    on_gpu = True
    weight_files = ("retinaface",)
    packages = ("retinaface-pytorch",)

    def check(self) -> None:
        """Raise if retinaface-pytorch or its weights are missing, or the weights hold anything but tensors."""
        _retinaface_package()
        super().check()
        check_tensors("retinaface", _tensors_of_archive)

    @cached_property
    def _detector(self) -> Any:
        model = _retinaface_package().Model(max_size=RETINAFACE_SIDE, device=str(self.device))
        model.load_state_dict(_tensors_of_archive(weights.find("retinaface")))
        model.eval()
        return model

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``box`` N,4 (x0, y0, x1, y1 in pixels; NaN where no face) and ``confidence`` N (0 where no face)."""
        boxes = np.full((len(images), 4), np.nan)
        confidences = np.zeros(len(images))
        for row, picture in enumerate(to_uint8(images)):
            large = enlarge(picture, RETINAFACE_SIDE)
            found = self._detector.predict_jsons(large, confidence_threshold=RETINAFACE_LEAST)
            if found and found[0]["bbox"]:
                candidates, score = (np.array([face[key] for face in found]) for key in ("bbox", "score"))
                best = choose_face(candidates, score, min(picture.shape[:2])) if len(picture) >= LARGE else 0
                boxes[row] = candidates[best] * (picture.shape[0] / large.shape[0])
                confidences[row] = score[best]
        return {"box": boxes, "confidence": confidences}


def _retinaface_package() -> Any:
    try:
        from retinaface import predict_single
    except ImportError as error:
        raise cannot_import("retinaface-pytorch", "fsrbench[retinaface]", error) from None
    return predict_single


def _tensors_of_archive(path: Path) -> dict[str, Tensor]:
    """Tensors of a checkpoint, or of the checkpoint inside a zip, read without running code in it."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if inside := [name for name in archive.namelist() if name.endswith(".pth")]:
                return tensors_of(io.BytesIO(archive.read(inside[0])))
    return tensors_of(path)
