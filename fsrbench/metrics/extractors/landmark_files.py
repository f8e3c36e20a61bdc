"""98 landmarks by a network in an ONNX file that the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.methods.onnx_files import (
    DTYPES,
    ORDERS,
    PREFIX,
    RANGES,
    only_input,
    open_session,
    unavailable_where_it_fails,
)
from fsrbench.metrics.extractors.base import Extractor, Features

POINTS: Final = 98
"""Landmarks of a face in WFLW's order (Wu et al., CVPR 2018)."""
SIDE: Final = 256
"""Side in pixels that pictures are resized to, unless the file fixes another."""
UNITS: Final = ("fraction", "pixels")
"""What coordinates are counted in: the picture's side, or pixels of the network's input."""
DECLARED: Final[Mapping[str, Sequence[str]]] = {"range": tuple(RANGES), "order": ORDERS, "landmarks": UNITS}
"""What a file's metadata may say of its input and output; the first of each is the default."""


def points_of_heatmaps(heatmaps: np.ndarray) -> np.ndarray:
    """Each heatmap's largest value, a quarter pixel towards the larger of its neighbours (Bulat & Tzimiropoulos, 2017).

    As VQFR's ``metric_paper`` reads the heatmaps of AWing (Wang et al., ICCV 2019), except at a heatmap's border, where
    there is no neighbour to move towards.

    Args:
        heatmaps: N,P,h,w.

    Returns:
        N,P,2: x and y in [0, 1] of the picture's sides.

    Example:
        >>> one = np.zeros((1, 1, 4, 4))
        >>> one[0, 0, 1, 2], one[0, 0, 1, 1] = 1, 0.5
        >>> points_of_heatmaps(one).tolist()  # ((2 - 0.25 + 0.5) / 4, (1 + 0.5) / 4)
        [[[0.5625, 0.375]]]
    """
    count, points, height, width = heatmaps.shape
    best = heatmaps.reshape(count, points, -1).argmax(axis=2)
    y, x = np.divmod(best, width)
    padded = np.pad(heatmaps.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    n, p = np.indices((count, points))
    right, left = padded[n, p, y + 1, x + 2], padded[n, p, y + 1, x]
    below, above = padded[n, p, y + 2, x + 1], padded[n, p, y, x + 1]
    moved = np.nan_to_num(np.sign(np.stack([right - left, below - above], axis=2)))
    found: np.ndarray = (np.stack([x, y], axis=2) + 0.5 + 0.25 * moved) / (width, height)
    return found


class FileLandmarks(Extractor):
    """98 landmarks by the ONNX file ``landmarks98``: whole pictures, RGB in [0, 1], resized to 256 px.

    Its output is heatmaps N,P,h,w, of which the first 98 are read, or coordinates N,98,2 or N,196. Of several outputs,
    the one named by the metadata ``fsrbench.output`` is read, else the last of such a shape. The metadata
    ``fsrbench.range``, ``fsrbench.order`` and ``fsrbench.landmarks`` declare another input, or coordinates in pixels of
    the input.
    """

    on_gpu = True
    weight_files = ("landmarks98",)
    packages = ("onnxruntime",)

    def check(self) -> None:
        """Raise if onnxruntime or the file is missing, or the file does not give 98 landmarks of a picture."""
        super().check()
        with unavailable_where_it_fails(self._name):
            self._run(torch.full((1, 3, SIDE, SIDE), 0.5))

    @property
    def _name(self) -> str:
        return weights.find("landmarks98").name

    @cached_property
    def _session(self) -> Any:
        return open_session(weights.find("landmarks98"), self.device)

    @cached_property
    def _declared(self) -> dict[str, str]:
        metadata = self._session.get_modelmeta().custom_metadata_map
        found = {key: metadata.get(f"{PREFIX}{key}", allowed[0]) for key, allowed in DECLARED.items()}
        for key, value in found.items():
            if value not in DECLARED[key]:
                raise Unavailable(f"{self._name}: metadata {PREFIX}{key} is {value!r}, not one of {DECLARED[key]}")
        return found | {"output": metadata.get(f"{PREFIX}output", "")}

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``landmarks`` N,98,2 in pixels of the image; pixel centres at whole numbers."""
        # One by one: a file may have a fixed batch of one
        found = [self._run(image[None]) for image in images]
        return {"landmarks": np.concatenate(found) * images.shape[-1] - 0.5}

    def _run(self, image: Tensor) -> np.ndarray:
        """Landmarks 1,98,2 of a picture 1,3,H,W, in [0, 1] of its sides."""
        session, declared = self._session, self._declared
        network_input = only_input(session, self._name)
        side = next((size for size in network_input.shape[2:] if isinstance(size, int) and size > 0), SIDE)
        # Without antialiasing and rounded, as OpenCV's INTER_LINEAR on 8-bit pictures
        resized = F.interpolate(image.float(), (side, side), mode="bilinear", align_corners=False)
        resized = (resized * 255 + 0.5).floor() / 255
        low, high = RANGES[declared["range"]]
        ordered = resized if declared["order"] == "RGB" else resized.flip(1)
        batch = (ordered * (high - low) + low).cpu().numpy().astype(DTYPES.get(network_input.type, np.float32))
        names = [output.name for output in session.get_outputs()]
        outputs = dict(zip(names, session.run(names, {network_input.name: batch}), strict=True))
        return self._read(outputs, side)

    def _read(self, outputs: Mapping[str, np.ndarray], side: int) -> np.ndarray:
        """Landmarks 1,98,2 in [0, 1] from the network's outputs."""
        wanted = self._declared["output"]
        if wanted and wanted not in outputs:
            raise Unavailable(f"{self._name} gives {', '.join(outputs)}, but no {wanted!r}")
        for array in [outputs[wanted]] if wanted else reversed(list(outputs.values())):
            found = np.asarray(array)
            if found.ndim == 4 and found.shape[1] >= POINTS:
                return points_of_heatmaps(found[:, :POINTS])
            if found.size == 2 * POINTS and found.shape[-1] in (2, 2 * POINTS):
                points = found.reshape(1, POINTS, 2).astype(np.float64)
                return points if self._declared["landmarks"] == "fraction" else (points + 0.5) / side
        shapes = ", ".join(f"{name} {list(np.shape(array))}" for name, array in outputs.items())
        raise Unavailable(f"{self._name} gives {shapes}, neither {POINTS} heatmaps nor {POINTS} coordinates")
