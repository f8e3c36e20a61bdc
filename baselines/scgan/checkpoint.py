"""Reader of SCGAN's weights, in its authors' format or as trained here, for ``checkpoint:FILE``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from torch import Tensor

from baselines.scgan.network import RestorationNetwork
from fsrbench.methods.restorer import Restorer

AUTHORS: Final = ("G_l2h", "G_RLS")
"""Keys of the restoration network's weights, in the released file and in those of the authors' training."""
LAYERS: Final = {
    "layers_in": "head",
    "layers_set_final.0": "blocks16",
    "layers_set_final.1": "blocks32",
    "layers_set_final_up.0": "enlarge32",
    "layers_set_final_up.1": "enlarge64",
    "a1.0": "skip32",
    "a2.0": "skip64",
    "main": "tail",
}
"""The authors' layer names, and ours."""
TRANSPOSED: Final = ("enlarge32.3.weight", "enlarge64.3.weight")
"""1x1 convolutions that are transposed convolutions there, with inputs before outputs."""


def read_checkpoint(loaded: Mapping[str, Any]) -> Restorer | None:
    """SCGAN's restoration network of a file; ``None`` if the file holds another network.

    Raises:
        RuntimeError: a tensor is missing or has another shape.
    """
    authors_state = next((loaded[key] for key in AUTHORS if isinstance(loaded.get(key), dict)), None)
    state = loaded if authors_state is None else convert(authors_state)
    if "blocks16.0.conv1.weight" not in state:
        return None
    network = RestorationNetwork()
    network.load_state_dict(state)

    def restore(lr: Tensor) -> Tensor:
        sr: Tensor = network(lr.flip(1) * 2 - 1)
        return (sr.flip(1) + 1) / 2

    name = "SCGAN (retrained)" if authors_state is None else "SCGAN (its authors' file format)"
    return Restorer(name, network, restore, scale=4)


def convert(authors_state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' tensors under the names that :class:`RestorationNetwork` has for them."""
    ours = {}
    for key, tensor in authors_state.items():
        name = _renamed(key.removeprefix("module."))
        ours[name] = tensor.transpose(0, 1) if name in TRANSPOSED else tensor
    return ours


def _renamed(key: str) -> str:
    for old, new in LAYERS.items():
        if key.startswith(f"{old}."):
            return new + key.removeprefix(old)
    return key
