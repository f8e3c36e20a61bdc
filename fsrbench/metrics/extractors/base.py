"""Feature extractors process each image once, for all metrics that read their features. One file per family."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.provenance.plugin_code import PluginCode
from fsrbench.provenance.versions import version
from fsrbench.registry import Registry

BUILTIN = {
    "mtcnn": "fsrbench.metrics.extractors.detectors:Mtcnn",
    "retinaface": "fsrbench.metrics.extractors.detectors:Retinaface",
    "dlib-landmarks": "fsrbench.metrics.extractors.dlib_faces:DlibLandmarks",
    "dlib": "fsrbench.metrics.extractors.dlib_faces:DlibDescriptor",
    "facenet": "fsrbench.metrics.extractors.descriptors:FacenetDescriptor",
    "arcface": "fsrbench.metrics.extractors.descriptors:ArcfaceDescriptor",
    "facenet-whole": "fsrbench.metrics.extractors.unaligned:FacenetWhole",
    "arcface-whole": "fsrbench.metrics.extractors.unaligned:ArcfaceWhole",
    "arcface-given": "fsrbench.metrics.extractors.unaligned:ArcfaceGiven",
    "landmarks98": "fsrbench.metrics.extractors.landmark_files:FileLandmarks",
    "vqfr": "fsrbench.metrics.extractors.descriptor_files:VqfrDescriptor",
    "restoreformer": "fsrbench.metrics.extractors.descriptor_files:RestoreformerDescriptor",
    "adaface": "fsrbench.metrics.extractors.descriptor_files:AdafaceDescriptor",
    "adaface-by-file": "fsrbench.metrics.extractors.descriptor_files:AdafaceByFile",
    "inception": "fsrbench.metrics.extractors.inception:Inception",
    "inception-resized": "fsrbench.metrics.extractors.inception_resized:InceptionResized",
    "colour": "fsrbench.metrics.extractors.colour:Colour",
}
BY_LR: Final = " by lr"
"""Suffix of an extractor's name if the LR image's landmarks align the faces."""
LARGE: Final = 256
"""Pictures of this side in pixels or more are large: extractors take them as they are or reduce them, and choose the
largest of several faces, because small ones in the background can be seen."""
BATCH = 16
GPU_BATCH: Final = 64
EXTRACTORS = Registry("feature extractor", BUILTIN, group="fsrbench.extractors")


class Extractor(ABC):
    """Turns images into named arrays with one row per image; what it returns is stored and shared by metrics.

    Example:
        >>> class MeanColour(Extractor):
        ...     def extract(self, images, guide):
        ...         return {"colour": images.mean(dim=(2, 3)).double().numpy()}
        >>> import torch
        >>> MeanColour().extract(torch.zeros(2, 3, 64, 64), {})["colour"].shape
        (2, 3)
    """

    requires: ClassVar[tuple[str, ...]] = ()
    """Extractors whose features this one reads: of the HR images if there are any, else of the same images."""
    weight_files: ClassVar[tuple[str, ...]] = ()
    """Names of the weight files that it reads."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Those of :data:`fsrbench.provenance.versions.EXTRAS` that it calls; with another version of one, features are
    extracted anew."""
    may_be_nan: ClassVar[frozenset[str]] = frozenset({"box"})
    """Arrays in which NaN means "nothing found", such as the box without a face; an image with NaN in any other array,
    or with infinity in any, counts as failed."""
    aligns: ClassVar[bool] = False
    """Whether what it reads only aligns the face, so that the run's ``alignment`` decides whose landmarks it gets."""
    by_id: ClassVar[bool] = False
    """Whether it also reads the images' ids, which its guide then has under ``ids``."""
    device: torch.device = torch.device("cpu")
    """Where its network computes; see :meth:`use`."""
    on_gpu: ClassVar[bool] = False
    """Whether its network computes on a GPU if the run has one; stored features are kept apart by kind of device."""

    def use(self, device: torch.device) -> None:
        """Compute on a device from now on, if it can; call before the first :meth:`extract`."""
        if self.on_gpu and device != self.device:
            self.device = device

    def check(self) -> None:
        """Raise if weights or packages are missing, its own or those of the extractors it reads.

        Raises:
            Unavailable: the message says how to get them.
        """
        for name in self.weight_files:
            weights.need(name)
        for name in self.requires:
            EXTRACTORS.get(name)().check()

    @abstractmethod
    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """Extract the features of a batch.

        Args:
            images: float N,3,H,W in [0, 1], rounded to 8 bits.
            guide: features of the required extractors, row for row.

        Returns:
            Arrays of N rows. An image that this raises on, or whose row is not finite (but see :attr:`may_be_nan`),
            counts as failed.
        """

    def fingerprint(self) -> str:
        """A hash of its weights, the packages that it alone calls, and its code, unless that is fsrbench's own."""
        read = [weights.sha256(name) for name in self.weight_files]
        called = [f"{package} {version(package)}" for package in self.packages]
        return " ".join([*read, *called, PluginCode(self, self.weight_files).digest])

    def files(self) -> frozenset[Path] | None:
        """Files besides its weight files that its features depend on; ``None`` if not all of them are known."""
        return PluginCode(self, self.weight_files, contents=False).files


def extract(extractor: Extractor, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
    """As :meth:`Extractor.extract`, in batches: larger ones are slower, because their tensors outgrow the caches."""
    size = BATCH if extractor.device.type == "cpu" else GPU_BATCH
    parts = [
        extractor.extract(images[i : i + size], {name: array[i : i + size] for name, array in guide.items()})
        for i in range(0, max(1, len(images)), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


Features = Mapping[str, np.ndarray]
"""Named arrays with one row per image."""
