"""Neural face descriptors as feature extractors: FaceNet, and any ArcFace-style network in an ONNX file."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.faces.alignment import SIDE, alignment_grid
from fsrbench.faces.mtcnn import facenet_pytorch_package
from fsrbench.faces.points import five_points
from fsrbench.methods.onnx_files import DTYPES, PREFIX, only_input, open_session, unavailable_where_it_fails
from fsrbench.metrics.extractors.base import LARGE, Extractor, Features
from fsrbench.metrics.judge_input import JudgeInput, declared_input, find_input
from fsrbench.weights.tensors import check_tensors, tensors_of

CHIP: Final = (3, SIDE, SIDE)
_INPUTS: dict[str, JudgeInput] = {}
"""By a file's sha256: the input that its network takes."""


class FacenetDescriptor(Extractor):
    """FaceNet's 512-d face embedding (Inception-ResNet v1 on VGGFace2; facenet-pytorch) of MTCNN's box in the HR."""

    on_gpu = True
    requires: ClassVar[tuple[str, ...]] = ("mtcnn",)
    weight_files = ("facenet",)
    aligns = True

    def check(self) -> None:
        """Raise if facenet-pytorch or its weights are missing, or the weights hold anything but tensors."""
        facenet_pytorch_package()
        super().check()
        check_tensors("facenet")

    @cached_property
    def _network(self) -> Any:
        # The file also holds the classifier: loaded to notice a file that does not fit, but not used.
        network = facenet_pytorch_package().InceptionResnetV1(classify=True, num_classes=8631)
        network.load_state_dict(tensors_of(weights.find("facenet")))
        network.classify = False
        return network.eval().to(self.device)

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``descriptor`` N,512, of the face's box enlarged to 160 px."""
        crops = []
        for row, image in enumerate(images):
            x0, y0, x1, y1 = _inside(guide["box"][row], image.shape[-1])
            crop = image[None, :, y0:y1, x0:x1]
            crops.append(F.interpolate(crop, (160, 160), mode="bicubic", antialias=True).clamp(0, 1))
        with torch.inference_mode():
            # facenet-pytorch's fixed standardisation: (x - 127.5) / 128 of 8-bit values.
            embedded = self._network((torch.cat(crops).to(self.device) * 255 - 127.5) / 128)
        return {"descriptor": embedded.double().cpu().numpy()}


def _inside(box: np.ndarray, side: int) -> tuple[int, int, int, int]:
    if not np.isfinite(box).all():
        return 0, 0, side, side
    x0, y0, x1, y1 = (int(v) for v in np.clip(np.rint(box), 0, side))
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else (0, 0, side, side)


def aligned_chips(images: Tensor, points: Tensor) -> Tensor:
    """Each face's chip 112 x 112, by bicubic sampling; pictures of 256 px and more are first reduced to its scale.

    Sampling a face that is several times larger would alias: descriptors would change with the noise of single pixels.

    Args:
        images: N,3,S,S in [0, 1].
        points: N,5,2 in pixels of the images.

    Returns:
        N,3,112,112 in [0, 1].
    """
    side = images.shape[-1]
    grid = alignment_grid(points, side)
    if side < LARGE:
        sampled = F.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False)
        return sampled.clamp(0, 1)
    chips = []
    for image, places in zip(images[:, None], grid[:, None], strict=True):
        across = (places[0, SIDE // 2, -1] - places[0, SIDE // 2, 0]).norm() / 2 * SIDE / (SIDE - 1)
        fitting = min(side, max(SIDE, round(SIDE / float(across))))  # its face has the chip's scale
        if fitting < side:
            image = F.interpolate(image, (fitting, fitting), mode="bicubic", antialias=True).clamp(0, 1)
        chips.append(F.grid_sample(image, places, mode="bicubic", padding_mode="border", align_corners=False))
    return torch.cat(chips).clamp(0, 1)


class ArcfaceDescriptor(Extractor):
    """Descriptor of an ArcFace-style network (Deng et al., CVPR 2019), of unit length.

    The ONNX file ``arcface`` takes faces N,3,112,112, aligned to InsightFace's five points, in the range and order of
    :attr:`network_input`. The descriptors of a picture and its mirror image are added, as usual for such networks.
    """

    requires: ClassVar[tuple[str, ...]] = ("dlib-landmarks",)
    weight_files: ClassVar[tuple[str, ...]] = ("arcface",)
    packages = ("onnxruntime",)
    aligns = True

    def check(self) -> None:
        """Raise if onnxruntime or the network's file is missing, or the network does not take such faces."""
        super().check()
        file = weights.find("arcface")
        shape = only_input(self._session, file.name).shape
        sizes = [size if isinstance(size, int) and size > 0 else None for size in shape[1:]]
        if len(sizes) != 3 or any(s not in (None, n) for s, n in zip(sizes, CHIP, strict=True)):
            raise Unavailable(f"{file} takes {shape}, not N,3,{SIDE},{SIDE}")
        with unavailable_where_it_fails(file):
            self.network_input  # noqa: B018 (found now, so that a file that does not run is refused)

    @cached_property
    def _session(self) -> Any:
        return open_session(weights.find("arcface"), torch.device("cpu"))

    @property
    def network_input(self) -> JudgeInput:
        """Range and order of the pictures that the network takes, determined once per file.

        Raises:
            Unavailable: the file declares an unknown value.
        """
        digest = weights.sha256("arcface")
        if digest not in _INPUTS:
            _INPUTS[digest] = self._find_input()
        return _INPUTS[digest]

    def _find_input(self) -> JudgeInput:
        metadata = self._session.get_modelmeta().custom_metadata_map
        declared = declared_input(metadata, weights.find("arcface").name)
        return declared or find_input(self._run, metadata.get(f"{PREFIX}order", "RGB"))

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``descriptor`` N,D of unit length."""
        chips = self.network_input.convert(self.chips(images, guide).numpy())
        # One by one: a file may have a fixed batch of one, and no descriptor depends on its neighbours.
        both = [self._run(chip) + self._run(chip[:, :, ::-1]) for chip in chips]
        summed = np.stack(both).astype(np.float64)
        return {"descriptor": summed / np.linalg.norm(summed, axis=1, keepdims=True).clip(1e-12)}

    def chips(self, images: Tensor, guide: Features) -> Tensor:
        """What the network sees of each picture, N,3,112,112 in [0, 1]."""
        return aligned_chips(images, five_points(torch.from_numpy(guide["landmarks"]).float()))

    def _run(self, chip: np.ndarray) -> np.ndarray:
        return describe(self._session, weights.find("arcface").name, chip).astype(np.float32)


def describe(session: Any, file: str, picture: np.ndarray) -> np.ndarray:
    """A picture's descriptor by a network in an ONNX file: the output that the metadata name, else the first.

    Args:
        session: of onnxruntime.
        file: the file's name, for messages.
        picture: C,H,W as the network takes it.

    Raises:
        Unavailable: it takes several inputs, or the metadata name an output that does not exist.
    """
    network_input = only_input(session, file)
    outputs = [output.name for output in session.get_outputs()]
    wanted = session.get_modelmeta().custom_metadata_map.get(f"{PREFIX}output", outputs[0])
    if wanted not in outputs:
        raise Unavailable(f"{file} gives {', '.join(outputs)}, but no {wanted!r}")
    batch = np.ascontiguousarray(picture[None]).astype(DTYPES.get(network_input.type, np.float32))
    return np.asarray(session.run([wanted], {network_input.name: batch})[0][0]).ravel()
