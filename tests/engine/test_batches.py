"""Batches that fit the memory, and the images that a method fails on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from fsrbench.datasets.inputs import Inputs
from fsrbench.engine.pictures import Batch, Pictures, outcomes, super_resolve
from fsrbench.methods.base import Method

CPU = torch.device("cpu")


class Small(Method):
    """Fits a few images, and fails on some."""

    def __init__(self, fits: int, bad: Sequence[str] = ()) -> None:
        self.fits, self.bad = fits, bad
        self.calls: list[int] = []

    def upscale_named(self, lr: Tensor, ids: Sequence[str]) -> Tensor:
        self.calls.append(len(lr))
        if len(lr) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB\nmore lines")
        if set(ids) & set(self.bad):
            raise ValueError("bad image")
        return self.upscale(lr)

    def upscale(self, lr: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(lr, scale_factor=4)


def inputs(count: int) -> Inputs:
    lr = np.random.RandomState(0).randint(0, 256, (count, 16, 16, 3)).astype(np.uint8)
    return Inputs([str(i) for i in range(count)], lr, None, {}, {}, {})


def make(method: Method, count: int, batch: Batch) -> Pictures:
    return super_resolve(partial(outcomes, method, side=64), inputs(count), 64, batch, CPU)


def test_batches_get_smaller_until_they_fit_and_stay_so() -> None:
    method, batch = Small(fits=9), Batch(64)
    made = make(method, 40, batch)
    assert made.problems == {}
    assert made.rows.tolist() == list(range(40))
    np.testing.assert_array_equal(made.pixels, inputs(40).lr.repeat(4, 1).repeat(4, 2))
    assert method.calls == [40, 20, 10, 5, 5, 5, 5, 5, 5, 5, 5]
    make(method, 7, batch)
    assert method.calls[-2:] == [5, 2]


def test_an_image_that_fits_nowhere_fails_alone() -> None:
    made = make(Small(fits=0), 3, Batch(2))
    assert len(made.rows) == 0
    assert made.pixels.shape == (0, 64, 64, 3)
    assert made.problems == dict.fromkeys("012", "OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB")


@pytest.mark.parametrize("bad", [["0"], ["15"], ["3", "4"], [str(i) for i in range(16)]])
def test_bad_images_are_found_and_the_others_kept(bad: list[str]) -> None:
    method = Small(fits=64, bad=bad)
    made = make(method, 16, Batch(16))
    assert sorted(made.problems) == sorted(bad)
    assert set(made.problems.values()) == {"ValueError: bad image"}
    assert [str(row) for row in made.rows] == [str(i) for i in range(16) if str(i) not in bad]
    assert len(method.calls) <= 31


def test_a_bad_image_costs_few_calls() -> None:
    method = Small(fits=64, bad=["5"])
    make(method, 16, Batch(16))
    assert len(method.calls) == 9  # two at each halving, and the first


@pytest.mark.parametrize(
    ("side", "on_cpu", "on_gpu"), [(64, 16, 64), (128, 16, 64), (256, 4, 64), (512, 1, 16), (4096, 1, 1)]
)
def test_the_first_batch_suits_the_device_and_the_pictures(side: int, on_cpu: int, on_gpu: int) -> None:
    found = [Batch.for_device(device, side).size for device in (CPU, torch.device("cuda"))]
    assert found == [on_cpu, on_gpu]
