"""Detail: a x4 network draws hair, eyes and skin at 128 px from the smooth face at 32 px."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from fsrbench.pictures.decode import to_tensor, to_uint8
from reference_model.generator import RestorationNetwork

SIDE: Final = 32
"""Side of the network's input: fine enough to keep the identity, coarse enough to lose the blur."""
GRAIN: Final = 8.0
"""Standard deviation of the grain in the network's input, in 8-bit grey levels.

The network makes hair and cloth of it: from a smooth picture alone, convolutions can only draw a pattern that repeats
every 4 px.
"""


def read_network(weights: Path) -> RestorationNetwork:
    """The network of a training with ``detail.yaml``."""
    tensors = load_file(weights)
    network = RestorationNetwork.fitting(tensors)
    network.load_state_dict({name: value.float() for name, value in tensors.items()})
    return network.eval()


def reduced(smooth: Tensor, rng: np.random.RandomState, size: int = SIDE) -> Image.Image:
    """The network's input: a smooth picture, float 3,128,128 in [-1, 1], at ``size`` px and with grain."""
    small = Image.fromarray(_bytes((smooth + 1) / 2)).resize((size, size), Image.Resampling.LANCZOS)
    grain = GRAIN * rng.standard_normal((size, size, 1))
    return Image.fromarray(np.clip(np.rint(small + grain), 0, 255).astype(np.uint8))


@torch.no_grad()
def finish(network: RestorationNetwork, smooth: Tensor, rng: np.random.RandomState) -> NDArray[np.uint8]:
    """A picture with detail, uint8 128,128,3, from a smooth one, float 3,128,128 in [-1, 1]."""
    return _bytes(network(to_tensor(np.array(reduced(smooth, rng))[None]))[0])


def _bytes(picture: Tensor) -> NDArray[np.uint8]:
    return to_uint8(picture[None])[0]
