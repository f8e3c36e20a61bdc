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
from fsrbench.faces.mtcnn import facenet_pytorch_package, mtcnn
from fsrbench.machine.packages import cannot_import
from fsrbench.metrics.extractors.base import Extractor, Features
from fsrbench.pictures.decode import to_uint8
from fsrbench.pictures.enlarge import enlarge
from fsrbench.weights.tensors import check_tensors, tensors_of

RETINAFACE_SIDE = 256
RETINAFACE_LEAST = 0.02
"""Confidence below which RetinaFace's boxes are not looked at."""


class Mtcnn(Extractor):
    """The most confident face that MTCNN finds (Zhang et al., IEEE SPL 23, 2016; facenet-pytorch's weights)."""

    def check(self) -> None:
        """Refuse without facenet-pytorch, which brings the weights."""
        facenet_pytorch_package()

    @cached_property
    def _detector(self) -> Any:
        return mtcnn()

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``box`` N,4 (x0, y0, x1, y1 in pixels; NaN where no face) and ``confidence`` N (0 where no face)."""
        boxes = np.full((len(images), 4), np.nan)
        confidences = np.zeros(len(images))
        for row, image in enumerate(to_uint8(images)):
            # One by one: in a batch its suppression of overlapping boxes rounds coarser the further back a picture is
            candidates, score = self._detector.detect(image)
            if candidates is not None and len(candidates):
                best = int(np.argmax(score))
                boxes[row], confidences[row] = candidates[best], score[best]
        return {"box": boxes, "confidence": confidences}


class Retinaface(Extractor):
    """The most confident face that RetinaFace finds (Deng et al., CVPR 2020; retinaface-pytorch's ResNet-50)."""

    weight_files = ("retinaface",)
    packages = ("retinaface-pytorch",)

    def check(self) -> None:
        """Refuse without retinaface-pytorch or its weights, or if they hold anything but tensors."""
        _retinaface_package()
        super().check()
        check_tensors("retinaface", _tensors_of_archive)

    @cached_property
    def _detector(self) -> Any:
        model = _retinaface_package().Model(max_size=RETINAFACE_SIDE)
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
                boxes[row] = np.array(found[0]["bbox"]) * (picture.shape[0] / large.shape[0])
                confidences[row] = found[0]["score"]
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
