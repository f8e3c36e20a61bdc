"""Pictures for the metrics: made-up pairs and the built-in sample's synthetic faces."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made.places import SHARED
from PIL import Image
from torch import Tensor

from fsrbench.pictures.decode import to_tensor

Pair = tuple[np.ndarray, np.ndarray]


def make_pair(kind: str, height: int, width: int, seed: int = 0) -> Pair:
    """Two uint8 H,W,3 pictures: unrelated noise, or a smooth picture and a noisy copy of it."""
    rng = np.random.RandomState(seed)
    if kind == "random":
        return tuple(rng.randint(0, 256, (2, height, width, 3)).astype(np.uint8))  # type: ignore[return-value]
    small = Image.fromarray(rng.randint(0, 256, (5, 5, 3)).astype(np.uint8))
    smooth = np.array(small.resize((width, height), Image.Resampling.BICUBIC))
    noisy = np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)
    return noisy, smooth


@pytest.fixture(scope="session")
def pair() -> Callable[..., Pair]:
    return make_pair


@pytest.fixture(scope="session")
def faces() -> Callable[[int, int], Tensor]:
    """The first pictures of the built-in sample at a size, as metrics get them."""

    def load(count: int, side: int) -> Tensor:
        from fsrbench.datasets import open_dataset
        from fsrbench.datasets.sample import PACK

        if not PACK.exists():
            pytest.skip("the built-in sample is not there")
        pictures = []
        for sample in open_dataset("sample").samples[:count]:
            assert sample.hr is not None
            picture = Image.open(io.BytesIO(sample.hr.read())).convert("RGB")
            pictures.append(np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS)))
        return to_tensor(np.stack(pictures))

    return load


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """Third-party weights that the project does not contain."""
    folder = SHARED / "weights"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder
