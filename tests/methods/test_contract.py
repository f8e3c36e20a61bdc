"""The contract of every registered method, installed plug-ins' too: each is found here automatically."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made.forked import run_python
from made.places import ROOT
from torch import Tensor
from torch.nn import functional as F

from fsrbench.datasets import open_dataset
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.pictures import OVERSHOOT
from fsrbench.errors import Unavailable
from fsrbench.methods.base import METHODS, Method
from fsrbench.methods.names import find_method, load_method
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import Task, find_task

IMAGES = 2
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
CLOSE = 1e-4
"""In [0, 1]; a fiftieth of a grey level: convolutions add up in another order for another batch."""
GREY_LEVEL = 1 / 255


@functools.cache
def faces(task: str, device: str) -> Tensor:
    """LR of the sample, as a run makes it."""
    prepared = prepare(open_dataset("sample").head(IMAGES), find_task(task), find_degradation("bicubic"), seed=0)
    return to_tensor(prepared.lr).to(device)


@functools.cache
def loaded(name: str, task: str, device: str) -> Method:
    return load_method(name, find_task(task), torch.device(device))


def upscaled(method: Method, lr: Tensor) -> Tensor:
    with torch.inference_mode():
        return method.upscale_named(lr, [f"face {i}" for i in range(len(lr))])


@functools.cache
def expected(method: Method, task: Task, device: str) -> Tensor:
    """Made once for all checks of a method."""
    return upscaled(method, faces(task.name, device).clone())


@functools.cache
def again(method: Method, task: Task, device: str) -> tuple[Tensor, Tensor]:
    """SR a second time, and LR as the method left it."""
    given = faces(task.name, device).clone()
    return upscaled(method, given), given


def check_shape_type_range_and_device(method: Method, lr: Tensor, task: Task) -> None:
    sr = expected(method, task, lr.device.type)
    assert sr.shape == (len(lr), 3, task.hr_size, task.hr_size)
    assert sr.dtype.is_floating_point
    assert sr.device == lr.device
    assert sr.isfinite().all()
    assert sr.min() >= -OVERSHOOT
    assert sr.max() <= 1 + OVERSHOOT


def check_a_batch_of_one_gives_what_a_batch_gives(method: Method, lr: Tensor, task: Task) -> None:
    single = torch.cat([upscaled(method, one) for one in lr.clone().split(1)])
    torch.testing.assert_close(single, expected(method, task, lr.device.type), atol=CLOSE, rtol=0)


def check_the_order_does_not_matter(method: Method, lr: Tensor, task: Task) -> None:
    flipped = upscaled(method, lr.flip(0)).flip(0)
    torch.testing.assert_close(flipped, expected(method, task, lr.device.type), atol=CLOSE, rtol=0)


def check_memory_layout_does_not_matter(method: Method, lr: Tensor, task: Task) -> None:
    padded = F.pad(lr, (3, 3, 3, 3))[..., 3:-3, 3:-3]
    for same in (lr.to(memory_format=torch.channels_last), padded):
        assert torch.equal(same, lr)
        torch.testing.assert_close(upscaled(method, same), expected(method, task, lr.device.type), atol=CLOSE, rtol=0)


def check_values_between_grey_levels_are_taken(method: Method, lr: Tensor, task: Task) -> None:
    noise = torch.rand(lr.shape, generator=torch.Generator().manual_seed(0)).to(lr.device) - 0.5
    between = (lr + 0.9 * GREY_LEVEL * noise).clamp(0, 1)
    assert torch.equal((between * 255).round(), (lr * 255).round())
    difference = (upscaled(method, between) - expected(method, task, lr.device.type)).abs().mean()
    assert difference <= GREY_LEVEL


def check_the_same_again(method: Method, lr: Tensor, task: Task) -> None:
    assert torch.equal(again(method, task, lr.device.type)[0], expected(method, task, lr.device.type))


def check_the_input_stays_as_it_is(method: Method, lr: Tensor, task: Task) -> None:
    assert torch.equal(again(method, task, lr.device.type)[1], lr)


CHECKS: dict[str, Callable[[Method, Tensor, Task], None]] = {
    name.removeprefix("check_"): value for name, value in list(globals().items()) if name.startswith("check_")
}


def registered() -> Iterator[tuple[str, str]]:
    for name in METHODS.names():
        try:
            method = find_method(name)
        except Unavailable:  # a plug-in's, whose package is missing
            continue
        other = f"9x{find_task(method.tasks[0]).scale}" if method.tasks and method.any_side else None
        yield from (
            (name, task) for task in (*(method.tasks or ("x4", "x8", "64x2", "32x1")), *([other] if other else []))
        )


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("name", "task"), list(registered()))
def test_contract(name: str, task: str, check: str, device: str) -> None:
    try:
        method = loaded(name, task, device)
    except Unavailable as error:
        pytest.skip(str(error))
    CHECKS[check](method, faces(task, device), find_task(task))


REBUILT = """
import sys
import numpy, torch
from fsrbench.methods.names import load_method
from fsrbench.tasks import find_task
torch.set_num_threads(1)
folder = sys.argv[1]
for line in sys.argv[2:]:
    name, task = line.split()
    method = load_method(name, find_task(task), torch.device("cpu"))
    with torch.inference_mode():
        sr = method.upscale_named(torch.from_numpy(numpy.load(f"{folder}/{task}.npy")), ["a"])
    numpy.save(f"{folder}/{name}_{task}.npy", sr.numpy())
    print(method.fingerprint())
"""


@pytest.mark.heavy
def test_each_is_rebuilt_by_its_name_in_another_process(tmp_path: Path) -> None:
    """Workers of a cluster and isolated methods know only names."""
    here: dict[str, Method] = {}
    for name, task in registered():
        np.save(tmp_path / f"{task}.npy", faces(task, "cpu")[:1].numpy())
        try:
            here[f"{name} {task}"] = loaded(name, task, "cpu")
        except Unavailable:
            continue
    done = run_python(REBUILT, tmp_path, *here, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [method.fingerprint() for method in here.values()]
    for both, method in here.items():
        name, task = both.split()
        there = torch.from_numpy(np.load(tmp_path / f"{name}_{task}.npy"))
        torch.testing.assert_close(there, upscaled(method, faces(task, "cpu")[:1].clone()), atol=CLOSE, rtol=0)


class Blocks(Method):
    """Keeps to the contract."""

    def upscale(self, lr: Tensor) -> Tensor:
        return F.interpolate(lr, scale_factor=4)


class Unscaled(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr) * 255


class Whole(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return (super().upscale(lr) * 255).byte()


class OfTheBatch(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr - lr.mean() + 0.5).clamp(0, 1)


class Sorted(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr) * torch.linspace(1, 0.5, len(lr))[:, None, None, None]


class OfTheMemory(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr.as_strided(lr.shape, (768, 256, 16, 1)))


class OnTheGrid(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr) * (lr * 255 == (lr * 255).round()).all()


class Random(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return (super().upscale(lr) + 0.1 * torch.rand(1)).clamp(0, 1)


class InPlace(Blocks):
    def upscale(self, lr: Tensor) -> Tensor:
        return super().upscale(lr.mul_(0.5))


@pytest.mark.parametrize(
    ("method", "check"),
    [
        (Unscaled, "shape_type_range_and_device"),
        (Whole, "shape_type_range_and_device"),
        (OfTheBatch, "a_batch_of_one_gives_what_a_batch_gives"),
        (Sorted, "the_order_does_not_matter"),
        (OfTheMemory, "memory_layout_does_not_matter"),
        (OnTheGrid, "values_between_grey_levels_are_taken"),
        (Random, "the_same_again"),
        (InPlace, "the_input_stays_as_it_is"),
    ],
)
def test_the_contract_finds_what_breaks_it(method: Any, check: str) -> None:
    with METHODS.temporarily({"broken": method}):
        assert ("broken", "x4") in registered()
        broken = load_method("broken", find_task("x4"), torch.device("cpu"))
    with pytest.raises(AssertionError):
        CHECKS[check](broken, faces("x4", "cpu"), find_task("x4"))
    CHECKS[check](Blocks(), faces("x4", "cpu"), find_task("x4"))
