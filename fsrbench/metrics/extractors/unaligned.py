"""Face descriptors without a detector: of the whole picture, or aligned by points that a file lists."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench import weights
from fsrbench.faces.alignment import SIDE
from fsrbench.metrics.extractors.base import Features
from fsrbench.metrics.extractors.descriptors import ArcfaceDescriptor, FacenetDescriptor, aligned_chips
from fsrbench.metrics.extractors.point_files import IDS, points_at, read_points


class FacenetWhole(FacenetDescriptor):
    """FaceNet's embedding of the whole picture."""

    requires = ()
    aligns = False

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``descriptor`` N,512, of the picture enlarged to 160 px."""
        return super().extract(images, {"box": np.full((len(images), 4), np.nan)})


class ArcfaceWhole(ArcfaceDescriptor):
    """ArcFace's descriptor of the whole picture at 112 px, as public scripts score TinyFace and SurvFace."""

    requires = ()
    aligns = False

    def chips(self, images: Tensor, guide: Features) -> Tensor:
        """N,3,112,112: bicubic, antialiased."""
        return F.interpolate(images, (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 1)


class ArcfaceGiven(ArcfaceDescriptor):
    """ArcFace's descriptor aligned by the five points that the file ``face_points`` lists."""

    requires = ()
    weight_files: ClassVar[tuple[str, ...]] = ("arcface", "face_points")
    aligns = False
    by_id = True

    def check(self) -> None:
        """Raise if the network or the list is missing, or the list holds something else."""
        super().check()
        read_points(weights.find("face_points"))

    def chips(self, images: Tensor, guide: Features) -> Tensor:
        """N,3,112,112 by the points of each image."""
        file, side = weights.find("face_points"), images.shape[-1]
        points = np.stack([points_at(file, str(image), side) for image in guide[IDS]])
        return aligned_chips(images, torch.from_numpy(points).float())
