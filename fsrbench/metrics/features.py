"""Feature extractors: face boxes, landmarks and descriptors, computed once an image and shared by all metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.images import to_uint8
from fsrbench.metrics.base import Features
from fsrbench.metrics.enlarge import enlarge
from fsrbench.registry import Registry

BUILTIN = {
    "mtcnn": "fsrbench.metrics.features:Mtcnn",
    "dlib": "fsrbench.metrics.features:DlibDescriptor",
    "dlib-own": "fsrbench.metrics.features:DlibOwnAlignment",
    "dlib-landmarks": "fsrbench.metrics.features:DlibLandmarks",
    "facenet": "fsrbench.metrics.features:FacenetDescriptor",
}
EXTRACTORS = Registry("feature extractor", BUILTIN, group="fsrbench.extractors")

DLIB_SIDE = 256
"""Side in pixels that pictures are enlarged to for dlib."""


class Extractor(ABC):
    """Turns images into named arrays, one row an image."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Extractors whose features this one reads."""
    guided_by_hr: ClassVar[bool] = True
    """Whether it reads those, and its own, of the HR images where there are any, or always of the same images."""

    def check(self) -> None:  # noqa: B027 (nothing to refuse by default)
        """Refuse without weights or packages.

        Raises:
            Unavailable: the message says how to get them.
        """

    @abstractmethod
    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """Extract the features of a batch.

        Args:
            images: float N,3,H,W in [0, 1], rounded to 8 bits.
            guide: features of the required extractors, row for row.
        """


class Mtcnn(Extractor):
    """The most confident face that MTCNN finds (Zhang et al., IEEE SPL 23, 2016; facenet-pytorch's weights)."""

    def check(self) -> None:
        """Refuse without facenet-pytorch."""
        _facenet_pytorch()

    @cached_property
    def _detector(self) -> Any:
        return _facenet_pytorch().MTCNN(keep_all=True, min_face_size=20, thresholds=[0.6, 0.7, 0.7], device="cpu")

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``box`` N,4 (x0, y0, x1, y1 in pixels; NaN where no face) and ``confidence`` N (0 where no face)."""
        boxes = np.full((len(images), 4), np.nan)
        confidences = np.zeros(len(images))
        found, scores = self._detector.detect(to_uint8(images))
        for row, (candidates, score) in enumerate(zip(found, scores, strict=True)):
            if candidates is not None and len(candidates):
                best = int(np.argmax(score))
                boxes[row], confidences[row] = candidates[best], score[best]
        return {"box": boxes, "confidence": confidences}


class DlibDescriptor(Extractor):
    """dlib's 128-d face descriptor (ResNet, 99.38 % on LFW), aligned by 68 landmarks.

    The landmarks come from the HR image, so that identity and not alignment is judged; the face box they start from
    is MTCNN's, or, where it finds none, a square that fits usual face crops.
    """

    requires = ("mtcnn",)

    def check(self) -> None:
        """Refuse without dlib or its models."""
        _dlib()
        weights.find("dlib-landmarks")
        weights.find("dlib-descriptor")

    @cached_property
    def _models(self) -> tuple[Any, Any]:
        dlib = _dlib()
        return (
            dlib.shape_predictor(str(weights.find("dlib-landmarks"))),
            dlib.face_recognition_model_v1(str(weights.find("dlib-descriptor"))),
        )

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``landmarks`` N,68,2 in pixels of the image and ``descriptor`` N,128.

        ``guide`` may hold ``landmarks`` (the HR's); they are used as they are.
        """
        dlib = _dlib()
        predictor, describer = self._models
        side = images.shape[-1]
        factor = max(1.0, DLIB_SIDE / side)
        shapes, chips = [], []
        for row, picture in enumerate(to_uint8(images)):
            large = enlarge(picture, DLIB_SIDE)
            if "landmarks" in guide:
                shape = _shape(guide["landmarks"][row] * factor)
            else:
                shape = predictor(large, _square(guide["box"][row], side, factor))
            shapes.append(_points(shape))
            chips.append(dlib.get_face_chip(large, shape, size=150, padding=0.25))
        descriptors = [np.array(describer.compute_face_descriptor(chip)) for chip in chips]
        return {"landmarks": np.array(shapes, dtype=np.float64) / factor, "descriptor": np.array(descriptors)}


class DlibOwnAlignment(DlibDescriptor):
    """dlib's descriptor, every picture aligned by its own landmarks: where they are misplaced, that counts too."""

    guided_by_hr = False


class DlibLandmarks(Extractor):
    """68 landmarks by dlib's predictor (Kazemi & Sullivan, CVPR 2014), trained on 300-W, in MTCNN's box of the HR."""

    requires = ("mtcnn",)

    def check(self) -> None:
        """Refuse without dlib or its model."""
        _dlib()
        weights.find("dlib-landmarks")

    @cached_property
    def _predictor(self) -> Any:
        return _dlib().shape_predictor(str(weights.find("dlib-landmarks")))

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``landmarks`` N,68,2 in pixels of the image."""
        side = images.shape[-1]
        factor = max(1.0, DLIB_SIDE / side)
        shapes = [
            self._predictor(enlarge(picture, DLIB_SIDE), _square(box, side, factor))
            for picture, box in zip(to_uint8(images), guide["box"], strict=True)
        ]
        return {"landmarks": np.array([_points(shape) for shape in shapes], dtype=np.float64) / factor}


def _points(shape: Any) -> list[tuple[int, int]]:
    return [(p.x, p.y) for p in shape.parts()]


def _square(box: np.ndarray, side: int, factor: float) -> Any:
    """The square that dlib's predictor expects, from MTCNN's box.

    MTCNN's boxes are tall, dlib's square around brows to chin. 1.1 widths, lowered by 5 %, gave the smallest landmark
    error on annotated faces (2.7 % of the outer-eye distance, median, at 128 px).
    """
    x0, y0, x1, y1 = box if np.isfinite(box).all() else np.array([0.21, 0.17, 0.79, 0.95]) * side
    length = 1.1 * (x1 - x0)
    left = (x0 + x1 - length) / 2
    top = (y0 + y1 - length) / 2 + 0.05 * length
    return _dlib().rectangle(*(round(float(v) * factor) for v in (left, top, left + length, top + length)))


def _shape(points: np.ndarray) -> Any:
    dlib = _dlib()
    parts = dlib.points([dlib.point(round(float(x)), round(float(y))) for x, y in points])
    return dlib.full_object_detection(dlib.rectangle(0, 0, DLIB_SIDE, DLIB_SIDE), parts)


class FacenetDescriptor(Extractor):
    """FaceNet's 512-d face embedding (Inception-ResNet v1 on VGGFace2; facenet-pytorch), MTCNN's box of the HR."""

    requires = ("mtcnn",)

    def check(self) -> None:
        """Refuse without facenet-pytorch or the downloaded weights."""
        _facenet_pytorch()
        weights.find("facenet")

    @cached_property
    def _network(self) -> Any:
        # The file holds the classifier as well: loaded, so that a file that does not fit is noticed, but not used.
        network = _facenet_pytorch().InceptionResnetV1(classify=True, num_classes=8631)
        network.load_state_dict(torch.load(weights.find("facenet"), weights_only=True))
        network.classify = False
        return network.eval()

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``descriptor`` N,512, of the face's box enlarged to 160 px."""
        crops = []
        for row, image in enumerate(images):
            x0, y0, x1, y1 = _inside(guide["box"][row], image.shape[-1])
            crop = image[None, :, y0:y1, x0:x1]
            crops.append(torch.nn.functional.interpolate(crop, (160, 160), mode="bicubic", antialias=True).clamp(0, 1))
        with torch.inference_mode():
            # facenet-pytorch's fixed standardisation: (x - 127.5) / 128 of 8-bit values.
            embedded = self._network((torch.cat(crops) * 255 - 127.5) / 128)
        return {"descriptor": embedded.double().numpy()}


def _inside(box: np.ndarray, side: int) -> tuple[int, int, int, int]:
    if not np.isfinite(box).all():
        return 0, 0, side, side
    x0, y0, x1, y1 = (int(v) for v in np.clip(np.rint(box), 0, side))
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else (0, 0, side, side)


def _dlib() -> Any:
    try:
        import dlib
    except ImportError:
        raise Unavailable("dlib is missing; `pip install dlib-bin`") from None
    return dlib


def _facenet_pytorch() -> Any:
    try:
        import facenet_pytorch
    except ImportError:
        raise Unavailable("facenet-pytorch is missing; `pip install facenet-pytorch`") from None
    return facenet_pytorch
