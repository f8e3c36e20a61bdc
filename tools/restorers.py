"""Restoration without a network, to see what a metric gives for filters: functions of LR, N,3,H,W in [0, 1]."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from fsrbench.pictures.decode import to_tensor, to_uint8


def bilateral(lr: Tensor) -> Tensor:
    """Bilateral filter (Tomasi and Manduchi, ICCV 1998): 9 px, sigma 25 of 255 and 5 px; OpenCV's."""
    import cv2
    import numpy as np

    return to_tensor(np.stack([cv2.bilateralFilter(picture, 9, 25, 5) for picture in to_uint8(lr)]))


def sharpen(lr: Tensor) -> Tensor:
    """Unsharp mask: the picture and its difference from its mean over 5 x 5 px."""
    mean = F.avg_pool2d(F.pad(lr, (2, 2, 2, 2), mode="reflect"), 5, stride=1)
    return (2 * lr - mean).clamp(0, 1)
