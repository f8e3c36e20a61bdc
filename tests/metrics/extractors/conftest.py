"""Faces of the sample and what is found in them, once for all tests."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from fsrbench.metrics.extractors.detectors import Mtcnn

COUNT = 9  # three pictures of each of three identities


@pytest.fixture(scope="session")
def small(faces) -> Tensor:
    return faces(COUNT, 64)


@pytest.fixture(scope="session")
def boxes(small) -> dict[str, np.ndarray]:
    return Mtcnn().extract(small, {})
