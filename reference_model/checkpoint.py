"""The reference model's weights as ``fsrbench train`` leaves them, for ``checkpoint:FILE``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from fsrbench.methods.restorer import Restorer
from reference_model.generator import RestorationNetwork


def read_checkpoint(loaded: Mapping[str, Any]) -> Restorer | None:
    """The restoration network of a file, if it is the reference model's.

    Raises:
        RuntimeError: it is, and a tensor is missing or has another shape.
    """
    if not {"head.weight", "body.0.conv1.weight", "enlarge.0.weight", "tail.weight"} <= loaded.keys():
        return None
    network = RestorationNetwork.fitting(loaded)
    network.load_state_dict(dict(loaded))

    def restore(lr: Tensor) -> Tensor:
        sr: Tensor = network(lr)
        return sr.clamp(0, 1)

    return Restorer("reference model", network, restore, scale=network.scale)
