"""Reader of the generator's weights, in its authors' format or as trained here, for ``checkpoint:FILE``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from torch import Tensor

from baselines.progressive.network import Generator
from fsrbench.errors import Unavailable
from fsrbench.methods.restorer import Restorer

LAYERS: Final = (
    (r"step1\.0\.", "head.0."),
    (r"step1\.1\.", "head.1."),
    (r"step1\.3\.conv\.", "steps.0.0.layers."),
    (r"step1\.4\.", "steps.0.1."),
    (r"step1\.5\.", "steps.0.2."),
    (r"step2\.0\.conv\.", "steps.1.0.layers."),
    (r"step2\.", "steps.1."),
    (r"step3\.0\.conv\.", "steps.2.0.layers."),
    (r"step3\.", "steps.2."),
)
"""Start of the authors' keys, as patterns, and of ours."""
STEPS: Final = (1, 2, 3)


def read_checkpoint(loaded: Mapping[str, Any]) -> Restorer | None:
    """The generator of progressive face super-resolution; ``None`` if the file holds another network.

    Raises:
        RuntimeError: a tensor is missing or has another shape.
        Unavailable: the file names a step of training that does not exist.
    """
    authors_state = loaded.get("model_state_dict")
    state = convert(authors_state) if isinstance(authors_state, dict) else loaded
    if "steps.0.0.layers.0.weight" not in state:
        return None
    step, alpha = loaded.get("step", 3), float(loaded.get("alpha", 1))
    if step not in STEPS:
        raise Unavailable(f"step {step!r} is none of {STEPS}")
    network = Generator()
    network.load_state_dict(state)

    def restore(lr: Tensor) -> Tensor:
        # The authors' code fades for 0 <= alpha < 1 only
        sr: Tensor = network(lr * 2 - 1, step=step, alpha=alpha if alpha >= 0 else 1)
        return ((sr + 1) / 2).clamp(0, 1)

    origin = "retrained" if authors_state is None else "its authors' file format"
    return Restorer(f"progressive face super-resolution ({origin}), step {step}", network, restore, scale=2**step)


def convert(authors_state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The authors' tensors under the names that :class:`Generator` has for them; both scale weights at run time."""
    return {_renamed(key.removeprefix("module.")): tensor for key, tensor in authors_state.items()}


def _renamed(key: str) -> str:
    for old, new in LAYERS:
        if re.match(old, key):
            key = re.sub(f"^{old}", new, key)
            break
    return key.replace(".conv.weight_orig", ".weight").replace(".conv.bias", ".bias")
