"""What a function reads: whatever changes what it gives is told, and nothing else."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from fsrbench import fingerprints
from fsrbench.function_state import FunctionState

MODULE = """
import functools
import math

import numpy as np
import torch
from torch import nn

import helpers_of_a_test
from helpers_of_a_test import divided_by

halve = divided_by(2)

gain, unread, table, array = 1.0, 1.0, {"a": [1, 2]}, np.ones(3, np.float32)
network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
handle = object()


class Settings(dict):
    __getattr__ = dict.get  # has whatever it is asked for


settings = Settings(gain=1)


class Setting:
    bias = 0.0

    def shift(self, lr):
        return lr + offset


offset = 0.5


def plain(lr, power=2):
    return helpers_of_a_test.twice(lr * gain) ** power


def with_closure(lr):
    return halve(lr)


def with_settings(lr):
    return lr * settings.gain


def inner(lr):
    return [(lambda x: x * gain)(row) for row in lr]


def through(lr):
    return plain(lr)


@torch.no_grad()
def decorated(lr):
    return lr * gain


@functools.cache
def cached(lr):
    return lr * gain


def with_class(lr):
    return Setting().shift(lr) + Setting.bias


def with_table(lr):
    return lr * table["a"][0]


def with_array(lr):
    return lr * torch.from_numpy(array) + math.pi


def with_network(lr):
    return network(lr)


def with_handle(lr):
    return lr, handle


def recursive(lr):
    return recursive(lr) if gain else lr
"""

HELPERS = """
def divided_by(number):
    return lambda lr: lr / number


def twice(lr):
    return lr * 2
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A module of functions, imported anew."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "functions_of_a_test.py").write_text(MODULE)
    (tmp_path / "helpers_of_a_test.py").write_text(HELPERS)
    yield importlib.import_module("functions_of_a_test")
    for name in ("functions_of_a_test", "helpers_of_a_test"):
        sys.modules.pop(name, None)


def digest(function: Callable[..., Any]) -> str:
    state = FunctionState(function)
    assert not state.unknown
    return state.digest


def set_gain(module: ModuleType) -> None:
    module.gain = 0.5


def step(module: ModuleType) -> None:
    with torch.no_grad():
        module.network[0].weight += 0.1


def change_buffer(module: ModuleType) -> None:
    module.network[1].running_mean += 1


def change_mode(module: ModuleType) -> None:
    module.network.eval()


def change_layer(module: ModuleType) -> None:
    module.network[0].stride = (2, 2)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("plain", set_gain),
        ("plain", lambda m: setattr(m.plain, "__defaults__", (3,))),
        ("inner", set_gain),
        ("through", set_gain),
        ("decorated", set_gain),
        ("cached", set_gain),
        ("recursive", set_gain),
        ("with_class", lambda m: setattr(m, "offset", 1)),
        ("with_class", lambda m: setattr(m.Setting, "bias", 1.0)),
        ("with_table", lambda m: m.table["a"].append(3)),
        ("with_array", lambda m: m.array.__setitem__(1, 5)),
        ("with_closure", lambda m: setattr(m, "halve", m.divided_by(3))),
        ("with_settings", lambda m: m.settings.update(gain=2)),
        ("with_network", step),
        ("with_network", change_buffer),
        ("with_network", change_mode),
        ("with_network", change_layer),
    ],
)
def test_what_is_read_is_told(module: ModuleType, name: str, change: Callable[[ModuleType], None]) -> None:
    function = getattr(module, name)
    before = digest(function)
    assert digest(function) == before
    module.unread = 2.0
    assert digest(function) == before
    change(module)
    assert digest(function) != before


def test_a_value_that_cannot_be_told_is_known_to_be_one(module: ModuleType) -> None:
    assert FunctionState(module.with_handle).unknown == {object}
    module.handle = functools.partial(module.plain, power=3)
    assert not FunctionState(module.with_handle).unknown
    module.handle = module.Setting().shift  # with an object behind it
    assert FunctionState(module.with_handle).unknown == {module.Setting}


def test_what_is_read_twice_is_told_apart_from_what_is_not(module: ModuleType) -> None:
    one, other = [1], [2]
    module.handle = [one, other, one]
    first = digest(module.with_handle)
    module.handle = [one, other, other]
    assert digest(module.with_handle) != first


@pytest.mark.parametrize("value", [torch.ones(2).to_sparse(), torch.ones(2, device="meta"), np.array([{}]), {(1, 2)}])
def test_odd_values_are_unknown_and_no_error(module: ModuleType, value: Any) -> None:
    module.handle = value
    assert FunctionState(module.with_handle).unknown


@pytest.mark.parametrize("value", [torch.tensor(1.5, dtype=torch.bfloat16), torch.ones(2, 3).t(), np.array(["a"])])
def test_odd_arrays_are_told(module: ModuleType, value: Any) -> None:
    module.handle = value
    assert digest(module.with_handle)


def test_code_of_other_modules_counts_by_its_file(module: ModuleType, tmp_path: Path) -> None:
    files = fingerprints.sources(FunctionState(module.through).code)
    assert files == {tmp_path / "functions_of_a_test.py", tmp_path / "helpers_of_a_test.py"}


def test_another_process_finds_the_same(module: ModuleType, tmp_path: Path) -> None:
    sys.modules.pop("functions_of_a_test")
    again = importlib.import_module("functions_of_a_test")
    torch.manual_seed(0)
    with torch.no_grad():
        for layer in (module.network[0], again.network[0]):
            nn.init.ones_(layer.weight)
            nn.init.ones_(layer.bias)
    for name in ("plain", "with_class", "with_network", "with_array"):
        assert digest(getattr(again, name)) == digest(getattr(module, name))
