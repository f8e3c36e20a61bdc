"""Interpolation is exactly what Pillow does to the picture."""

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.interpolation import Bicubic, Bilinear, Interpolation, Lanczos, Nearest
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import TASKS


@pytest.mark.parametrize("method", [Nearest, Bilinear, Bicubic, Lanczos])
@pytest.mark.parametrize("task", ["x4", "x8"])
def test_equals_pillow(method: type[Interpolation], task: str) -> None:
    lr = np.random.RandomState(0).randint(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    size = TASKS[task].hr_size
    upscaler = method()
    upscaler.load(TASKS[task], torch.device("cpu"))
    mine = to_uint8(upscaler.upscale(to_tensor(lr)))
    theirs = np.stack([np.asarray(Image.fromarray(x).resize((size, size), method.kernel)) for x in lr])
    assert np.array_equal(mine, theirs)
