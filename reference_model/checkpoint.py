"""Reader of weights that ``fsrbench train ours`` writes, for ``checkpoint:FILE``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from fsrbench.methods.restorer import Restorer
from reference_model.generator import RestorationNetwork


def read_checkpoint(loaded: Mapping[str, Any]) -> Restorer | None:
    """The reference model's restoration network of a file; ``None`` if the file holds another network.

    Raises:
        RuntimeError: a tensor is missing or has another shape.
    """
    if not {"head.weight", "body.0.conv1.weight", "tail.weight"} <= loaded.keys():
        return None
    network = RestorationNetwork.fitting(loaded)
    network.load_state_dict(dict(loaded))

    def restore(lr: Tensor) -> Tensor:
        sr: Tensor = network(lr)
        return sr.clamp(0, 1)

    return Restorer("reference model", network, restore, scale=network.scale)
