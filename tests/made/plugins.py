"""Methods for runs on a cluster; importable by name wherever the tests' folder is on the path."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from urllib.request import urlopen

from torch import Tensor
from torch.nn import functional as F

from fsrbench import weights
from fsrbench.methods.base import Method


class Blocks(Method):
    """Every LR pixel becomes a block."""

    settings = ""

    def upscale(self, lr: Tensor) -> Tensor:
        return F.interpolate(lr, scale_factor=4)


class Slow(Blocks):
    """As slow as a network."""

    def upscale(self, lr: Tensor) -> Tensor:
        time.sleep(0.02 * len(lr))
        return super().upscale(lr)


class Deadly(Blocks):
    """Ends its process on the image ``deadly``, as a segmentation fault would."""

    def upscale_named(self, lr: Tensor, ids: Sequence[str]) -> Tensor:
        if "deadly" in ids:
            os._exit(139)
        return self.upscale(lr)


class Exits(Blocks):
    """Ends its process on any image."""

    def upscale(self, lr: Tensor) -> Tensor:
        os._exit(3)


class Caller(Blocks):
    """Wants something from another machine for each image."""

    def upscale(self, lr: Tensor) -> Tensor:
        urlopen("http://192.0.2.1/", timeout=60)  # reserved for documentation (RFC 5737)
        raise AssertionError("nobody answers there")


class Reader(Blocks):
    """Darker by what its weight file says."""

    settings = None

    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr) * float(weights.find("arcface").read_text())
