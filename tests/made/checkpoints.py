"""Checkpoints with random weights, in the forms in which others keep theirs."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def random_tensors(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    """Tensors that keep a network's values in range: weights small, variances positive."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            made[name] = torch.tensor(7)
            continue
        made[name] = torch.randn(shape, generator=generator) / math.sqrt(max(math.prod(shape[1:]), 9))
        if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            made[name] = made[name].abs() + 0.5
    return made


def _norm(name: str, channels: int) -> dict[str, tuple[int, ...]]:
    per_channel = dict.fromkeys((f"{name}.{n}" for n in ("weight", "bias", "running_mean", "running_var")), (channels,))
    return per_channel | {f"{name}.num_batches_tracked": ()}


def scgan_authors() -> dict[str, Tensor]:
    """The restoration network's tensors under the names that SCGAN's authors' code gives them."""
    shapes: dict[str, tuple[int, ...]] = {"a1.0.weight": (128, 256, 1, 1), "a1.0.bias": (128,)}
    shapes |= {"a2.0.weight": (96, 128, 1, 1), "a2.0.bias": (96,), "layers_in.weight": (256, 3, 3, 3)}
    for level, blocks in enumerate(([(256, 256)] * 12, [(256, 128), (128, 128), (128, 128)])):
        for i, (inputs, outputs) in enumerate(blocks):
            block = f"layers_set_final.{level}.{i}"
            shapes[f"{block}.conv1.weight"] = (outputs, inputs, 3, 3)
            shapes[f"{block}.conv2.weight"] = (outputs, outputs, 3, 3)
            if inputs != outputs:
                shapes |= {f"{block}.skip.weight": (outputs, inputs, 1, 1), f"{block}.skip.bias": (outputs,)}
        enlarge, width = f"layers_set_final_up.{level}", (256, 128)[level]
        shapes |= _norm(f"{enlarge}.1", width)
        shapes |= {f"{enlarge}.3.weight": (width, width, 1, 1), f"{enlarge}.3.bias": (width,)}
    shapes |= {"main.0.weight": (96, 128, 3, 3), "main.2.weight": (96, 96, 1, 1), "main.2.bias": (96,)}
    shapes |= {"main.4.weight": (3, 96, 1, 1), "main.4.bias": (3,)}
    return random_tensors(shapes)


def progressive_authors() -> dict[str, Tensor]:
    """The generator's tensors under the names that Kim et al.'s code gives them."""
    shapes: dict[str, tuple[int, ...]] = {"step1.0.weight": (512, 3, 3, 3), "step1.0.bias": (512,)}
    shapes |= _norm("step1.1", 512)
    for step, (inputs, outputs) in enumerate(((512, 256), (256, 128), (128, 64)), 1):
        first = 3 if step == 1 else 0
        block = f"step{step}.{first}.conv"
        for layer in (0, 3):
            shapes[f"{block}.{layer}.conv.bias"] = (inputs,)
            shapes[f"{block}.{layer}.conv.weight_orig"] = (inputs, inputs, 3, 3)
            shapes |= _norm(f"{block}.{layer + 1}", inputs)
        shapes[f"step{step}.{first + 1}.weight"] = (inputs, outputs, 4, 4)
        shapes[f"step{step}.{first + 1}.bias"] = (outputs,)
        shapes |= _norm(f"step{step}.{first + 2}", outputs)
        shapes |= {f"to_rgb.{step - 1}.weight": (3, outputs, 1, 1), f"to_rgb.{step - 1}.bias": (3,)}
    return random_tensors(shapes)
