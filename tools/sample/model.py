"""The fitted model in one file: appearance, population and detail network, the large arrays as 8-bit integers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from reference_model.generator import RestorationNetwork
from tools.sample.flow import Flow
from tools.sample.identity import Population
from tools.sample.render import Appearance

SCALE = ".scale"
REACH = 1.28
"""The flow regresses a little towards the mean face; its output is moved away from it by this factor."""


@dataclass
class FaceModel:
    """All that drawing needs."""

    appearance: Appearance
    population: Population
    flow: Flow
    detail: RestorationNetwork

    def coefficients(self, people: int, pictures: int, seed: int, spread: float, steady: float = 0.0) -> Tensor:
        """Coefficients ``[people * pictures, d]``, one identity after the other."""
        gauss = torch.from_numpy(self.population.draw(people, pictures, seed, spread, steady)).flatten(0, 1)
        mean = torch.from_numpy(self.population.mean)
        return mean + REACH * (self.flow.move(gauss) - mean)


def quantise(name: str, value: Tensor) -> dict[str, Tensor]:
    """Rows as 8-bit integers with one scale each; small or one-dimensional tensors stay as they are."""
    if value.ndim < 2 or value.numel() < 4096:
        return {name: value.float().contiguous()}
    rows = value.float().flatten(1)
    scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    return {name: (rows / scale).round().to(torch.int8).reshape(value.shape).contiguous(), name + SCALE: scale}


def restore(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Undo :func:`quantise` for all tensors of a file."""
    values = {}
    for name, value in stored.items():
        if name.endswith(SCALE):
            continue
        scale = stored.get(name + SCALE)
        flat = value.float()
        values[name] = flat if scale is None else (flat.flatten(1) * scale).reshape(value.shape)
    return values


def save(model: FaceModel, path: Path) -> None:
    """Write the model."""
    appearance, population = model.appearance, model.population
    plain = {
        "texture_mean": appearance.texture_mean,
        "texture_basis": appearance.texture_basis,
        "shape_mean": appearance.shape_mean,
        "shape_basis": appearance.shape_basis,
        "population_mean": torch.from_numpy(population.mean),
        "between": torch.from_numpy(population.between),
        "within": torch.from_numpy(population.within),
    }
    for part, net in (("detail", model.detail), ("flow", model.flow)):
        plain.update({f"{part}.{name}": value for name, value in net.state_dict().items()})
    stored: dict[str, Tensor] = {}
    for name, value in plain.items():
        stored.update(quantise(name, value))
    save_file(stored, path)


def load(path: Path) -> FaceModel:
    """Read the model."""
    values = restore(load_file(path))
    appearance = Appearance(*(values[name] for name in ("texture_mean", "texture_basis", "shape_mean", "shape_basis")))
    arrays = (values[name].numpy().astype(np.float32) for name in ("population_mean", "between", "within"))
    flow = Flow(len(values["population_mean"]))
    flow.load_state_dict(_part(values, "flow."))
    detail = RestorationNetwork.fitting(_part(values, "detail."))
    detail.load_state_dict(_part(values, "detail."))
    return FaceModel(appearance, Population(*arrays), flow.eval(), detail.eval())


def _part(values: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}
