"""Methods and metrics that do to the process what nobody should."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import warnings

import numpy as np
import torch
from PIL import ImageFile
from torch import Tensor
from torch.nn import functional as F

from fsrbench.methods.base import Method
from fsrbench.metrics.base import ImageMetric
from fsrbench.tasks import Task


def blocks(lr: Tensor) -> Tensor:
    return F.interpolate(lr, scale_factor=4)


def noisy(lr: Tensor) -> Tensor:
    return (blocks(lr) + 0.1 * torch.randn(len(lr), 3, 64, 64)).clamp(0, 1)


def changes_everything(lr: Tensor) -> Tensor:
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.benchmark = True
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(2)
    torch.manual_seed(1)
    np.random.seed(1)
    np.seterr(all="raise")
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    os.environ["RUDE"] = "1"
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    warnings.simplefilter("error")
    return blocks(lr.float())


def warns(lr: Tensor) -> Tensor:
    warnings.warn("harmless", stacklevel=1)
    return blocks(lr)


def exits(lr: Tensor) -> Tensor:
    sys.exit(0)


def quits(lr: Tensor) -> Tensor:
    quit()


def cancelled(lr: Tensor) -> Tensor:
    raise asyncio.CancelledError


def closes_stdout(lr: Tensor) -> Tensor:
    sys.stdout.close()
    sys.stderr.close()
    return blocks(lr)


def rings(lr: Tensor) -> Tensor:
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(5)
    return blocks(lr)


def rings_later(lr: Tensor) -> Tensor:
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    return blocks(lr)


class ExitsInLoad(Method):
    """Ends the program while it is loaded."""

    def load(self, task: Task, device: torch.device) -> None:
        sys.exit(0)

    def upscale(self, lr: Tensor) -> Tensor:
        raise AssertionError("never loaded")


class ExitsWhenTimed(Method):
    """Ends the program while it is timed, at batch 1."""

    def upscale(self, lr: Tensor) -> Tensor:
        if len(lr) == 1:
            sys.exit(0)
        return blocks(lr)


class ChangesInLoad(Method):
    """Sets what it likes while it is loaded, as many modules do when they are imported."""

    def load(self, task: Task, device: torch.device) -> None:
        torch.set_float32_matmul_precision("high")

    def upscale(self, lr: Tensor) -> Tensor:
        assert torch.get_float32_matmul_precision() == "highest"
        return blocks(lr)


class ExitingMetric(ImageMetric):
    """Ends the program."""

    name = title = "exiting"
    protocol = "none"

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        sys.exit(0)


class ExitingCheck(ExitingMetric):
    """Ends the program before anything is measured."""

    name = title = "exiting_check"

    def check(self, facts: object) -> None:
        sys.exit(0)
