"""Find the networks' tensors in a checkpoint, under whatever keys and prefixes training code saved them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

NAME: Final = re.compile(r"[\w.\-]+")
"""A tensor's name in a state dict: names and numbers with dots between them; no path, no setting."""
NETWORKS: Final = frozenset(
    {"model", "net", "network", "generator", "gen", "G", "g", "netG", "net_g", "net_G", "sr", "sr_model"}
    | {"student", "backbone", "params", "state_dict", "online_model"}
)
"""Names of the restoring network in whole training programs, such as Lightning modules."""
AVERAGED: Final = re.compile(r"(?i)(^|[^a-z])(ema|swa|avg|averaged?)([^a-z]|$)")
"""Marks names of weights that were averaged over the training, which are preferred."""
ONLINE: Final = re.compile(r"(^|\.)online(_model)?(\.|$)")
"""Marks the network in training, which a wrapper such as ema_pytorch's keeps beside its average."""
MAX_DEPTH: Final = 5
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class StateDict:
    """Tensors by name, possibly of one network."""

    place: str
    """The keys that lead to them; empty for the whole file."""
    tensors: Mapping[str, Tensor]
    averaged: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Of the tensors."""
        return frozenset(self.tensors)


def state_dicts(loaded: Mapping[str, Any]) -> list[StateDict]:
    """All that may be a network's weights, averaged ones first.

    Example:
        >>> import torch
        >>> weight = {"conv.weight": torch.zeros(1)}
        >>> [(found.place, list(found.tensors)) for found in state_dicts({"model": weight, "params_ema": weight})]
        [('params_ema', ['conv.weight']), ('model', ['conv.weight'])]
    """
    found = [part for place, tensors in _dictionaries(loaded) for part in _parts(place, tensors)]
    return sorted(found, key=lambda part: not part.averaged)


def choice_note(taken: StateDict, found: list[StateDict]) -> str:
    """Which of several weights of one network were taken; empty if there are no others."""
    others = [part.place for part in found if part.place != taken.place and part.names == taken.names]
    return f"{taken.place} taken, not {', '.join(others)}" if others else ""


def unnamed_averages(loaded: Mapping[str, Any], place: str = "", depth: int = 0) -> Iterator[str]:
    """Places of averaged weights that are stored as a list, without the names that a network needs.

    Example:
        >>> import torch
        >>> list(unnamed_averages({"ema": {"decay": 0.9, "shadow_params": [torch.zeros(1)]}}))
        ['ema.shadow_params']
    """
    for key, value in loaded.items():
        inner = f"{place}.{key}" if place else str(key)
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            yield from unnamed_averages(value, inner, depth + 1)
        elif isinstance(value, list | tuple) and value and AVERAGED.search(inner):
            yield from [inner] * all(isinstance(item, Tensor) for item in value)


def _dictionaries(loaded: Mapping[str, Any], place: str = "", depth: int = 0) -> Iterator[tuple[str, Tensors]]:
    """Dictionaries that hold tensors or numpy arrays, from the outermost on."""
    named = {key: _tensor(value) for key, value in loaded.items() if isinstance(key, str) and NAME.fullmatch(key)}
    if tensors := {key: tensor for key, tensor in named.items() if tensor is not None}:
        yield place, tensors
    for key, value in loaded.items():
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            yield from _dictionaries(value, f"{place}.{key}" if place else str(key), depth + 1)


def _tensor(value: Any) -> Tensor | None:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return torch.from_numpy(value)
    return value if isinstance(value, Tensor) else None


def _parts(place: str, tensors: Mapping[str, Tensor]) -> Iterator[StateDict]:
    """The tensors without a common prefix of all their names, and the networks among them."""
    mean = _is_averaged(place) or "n_averaged" in tensors
    tensors = _unwrapped({name: tensor for name, tensor in tensors.items() if name != "n_averaged"})
    yield StateDict(place, tensors, mean)
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        first, _, rest = name.partition(".")
        if rest and (first in NETWORKS or AVERAGED.search(first)):
            groups.setdefault(first, {})[rest] = tensor
    for first, group in groups.items():
        yield from (
            StateDict(part.place, part.tensors, part.averaged or (mean and not ONLINE.search(part.place)))
            for part in _parts(f"{place}.{first}" if place else first, group)
        )


def _is_averaged(place: str) -> bool:
    return bool(AVERAGED.search(place)) and not ONLINE.search(place)


def _unwrapped(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes of ``torch.compile``, and of ``DataParallel`` and its like."""
    found = {name.replace("_orig_mod.", ""): tensor for name, tensor in tensors.items()}
    while found and all(name.startswith("module.") for name in found):
        found = {name.removeprefix("module."): tensor for name, tensor in found.items()}
    return found
