"""Face descriptors by networks in ONNX files that the user names, on pictures prepared as published scripts do."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench import weights
from fsrbench.faces.alignment import SIDE, alignment_grid
from fsrbench.faces.points import five_points
from fsrbench.methods.onnx_files import open_session, unavailable_where_it_fails
from fsrbench.metrics.extractors.base import Extractor, Features
from fsrbench.metrics.extractors.descriptors import describe
from fsrbench.metrics.extractors.point_files import IDS, points_of, read_points

GREY_SIDE: Final = 128
"""Side in pixels of the pictures that the grey networks take."""
_GREY_PARTS: Final = (9798, 19235, 3735)
"""0.299, 0.587 and 0.114 in parts of 2^15, as OpenCV multiplies."""
_GREY_SHARES: Final = (0.2989, 0.5870, 0.1140)


def opencv_grey(images: Tensor) -> Tensor:
    """Grey of 8-bit pictures as OpenCV makes it: N,3,H,W in [0, 1] -> N,1,H,W of whole numbers to 255."""
    parts = torch.tensor(_GREY_PARTS, device=images.device).view(1, 3, 1, 1)
    whole = ((images * 255).round().long() * parts).sum(dim=1, keepdim=True)
    return ((whole + (1 << 14)) >> 15).float()


class FileDescriptor(Extractor):
    """A face descriptor by one network; subclasses prepare its input as a script does."""

    packages = ("onnxruntime",)
    shape: ClassVar[tuple[int, int, int]]
    """Channels, height and width that the network takes."""

    @abstractmethod
    def prepare(self, images: Tensor, guide: Features) -> Tensor:
        """The network's input, N and :attr:`shape`."""

    def check(self) -> None:
        """Raise if onnxruntime or the file is missing, or the network does not take a picture of this shape."""
        super().check()
        with unavailable_where_it_fails(self._file.name):
            self._run(np.zeros(self.shape, np.float32))

    @property
    def _file(self) -> Path:
        return weights.find(self.weight_files[0])

    @cached_property
    def _session(self) -> Any:
        return open_session(self._file, self.device)

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``descriptor`` N,D, as the network gives it."""
        # One by one: a file may have a fixed batch of one
        found = [self._run(picture) for picture in self.prepare(images, guide).cpu().numpy()]
        return {"descriptor": np.stack(found).astype(np.float64)}

    def _run(self, picture: np.ndarray) -> np.ndarray:
        return describe(self._session, self._file.name, picture)


class VqfrDescriptor(FileDescriptor):
    """``resnet18_110`` on the whole picture as VQFR gives it: OpenCV's grey, 128 px, 8 bit, then [-1, 1]."""

    weight_files = ("resnet18_110",)
    shape = (1, GREY_SIDE, GREY_SIDE)

    def prepare(self, images: Tensor, guide: Features) -> Tensor:
        """N,1,128,128: OpenCV's INTER_LINEAR, which does not antialias and rounds halves up."""
        grey = F.interpolate(opencv_grey(images), (GREY_SIDE, GREY_SIDE), mode="bilinear", align_corners=False)
        return ((grey + 0.5).floor() - 127.5) / 127.5


class RestoreformerDescriptor(FileDescriptor):
    """``arcface_resnet18`` on the whole picture as RestoreFormer gives it: blue weighed as red, 128 px, [0, 1].

    The weights of R, G and B meet pictures whose channels are B, G, R, and the network, trained on [-1, 1], gets
    [0, 1]; both as the script does it.
    """

    weight_files = ("arcface_resnet18",)
    shape = (1, GREY_SIDE, GREY_SIDE)

    def prepare(self, images: Tensor, guide: Features) -> Tensor:
        """N,1,128,128, bilinear without antialiasing."""
        shares = torch.tensor(_GREY_SHARES, device=images.device).view(1, 3, 1, 1)
        grey = (images.float().flip(1) * shares).sum(dim=1, keepdim=True)
        return F.interpolate(grey, (GREY_SIDE, GREY_SIDE), mode="bilinear", align_corners=False)


class AdafaceDescriptor(FileDescriptor):
    """``adaface`` on 112 px chips aligned by five of dlib's 68 points, B, G, R in [-1, 1]."""

    requires: ClassVar[tuple[str, ...]] = ("dlib-landmarks",)
    weight_files: ClassVar[tuple[str, ...]] = ("adaface",)
    shape = (3, SIDE, SIDE)
    aligns = True

    def prepare(self, images: Tensor, guide: Features) -> Tensor:
        """N,3,112,112: bilinear, black outside the picture, rounded to 8 bits, as ``cv2.warpAffine`` does it."""
        grid = alignment_grid(self._points(guide), images.shape[-1])
        chips = F.grid_sample(images.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return (chips * 255).round().flip(1) / 127.5 - 1

    def _points(self, guide: Features) -> Tensor:
        """N,5,2 in pixels."""
        return five_points(torch.from_numpy(guide["landmarks"]).float())


class AdafaceByFile(AdafaceDescriptor):
    """:class:`AdafaceDescriptor` by the points that the file ``face_points`` lists, as NTIRE's challenges align."""

    requires = ()
    weight_files = ("adaface", "face_points")
    aligns = False
    by_id = True

    def check(self) -> None:
        """Raise if the network or the list of points is missing, or the list holds something else."""
        super().check()
        read_points(weights.find("face_points"))

    def _points(self, guide: Features) -> Tensor:
        file = weights.find("face_points")
        return torch.from_numpy(np.stack([points_of(file, str(image)) for image in guide[IDS]])).float()
