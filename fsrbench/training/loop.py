"""The training loop: batches in, averaged weights, a log and resumable checkpoints out."""

from __future__ import annotations

import copy
import csv
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fsrbench.degradations import rng_for
from fsrbench.tasks import Task
from fsrbench.training.data import Batch, Mixture, load_faces, make_batch, prefetch
from fsrbench.training.recipe import Recipe


@dataclass(frozen=True)
class Schedule:
    """How long and on what a recipe is trained."""

    task: Task
    steps: int
    batch: int = 32
    seed: int = 0
    held_out: float = 0.04
    ema: float = 0.999
    save_every: int = 500


MIXTURE = Mixture({"realworld": 0.6, "bicubic": 0.2, "area": 0.1, "bilinear-steps": 0.1})


def train(recipe: Recipe, data: Path, out: Path, schedule: Schedule, resume: bool, say: Callable[[str], None]) -> None:
    """Train a recipe and leave ``weights.safetensors`` (averaged), ``log.csv`` and ``state.pt`` in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "schedule.json").write_text(json.dumps(asdict(schedule) | {"mixture": MIXTURE.weights}, indent=1))
    faces, held_out = load_faces(data, schedule.task.hr_size, schedule.held_out)
    say(f"{len(faces)} training faces, {len(held_out)} held out by identity")
    average = copy.deepcopy(recipe.network).eval()
    start = _load(out, recipe, average) if resume else 0
    started = time.monotonic()
    batches = prefetch(lambda step: _batch(faces, schedule, step), start, schedule.steps)
    recipe.network.train()
    for step, batch in enumerate(batches, start):
        losses = recipe.step(batch, step / schedule.steps)
        _average(average, recipe.network, min(schedule.ema, (step + 1) / (step + 10)))
        done = step + 1
        if done % schedule.save_every == 0 or done == schedule.steps:
            quality = validate(recipe, average, held_out, schedule)
            rate = (done - start) * schedule.batch / (time.monotonic() - started)
            _log(out / "log.csv", {"step": done, "images": done * schedule.batch, **losses, **quality, "rate": rate})
            _save(out, recipe, average, done)
            say(f"step {done}/{schedule.steps} {losses} {quality} {rate:.0f} images/s")


def validate(recipe: Recipe, network: nn.Module, held_out: np.ndarray, schedule: Schedule) -> dict[str, float]:
    """Mean RGB PSNR (dB) of the averaged network on the held-out faces, a degradation each."""
    result = {}
    for name in ("realworld", "bicubic"):
        batch = make_batch(
            held_out, schedule.task.lr_size, min(256, len(held_out)), Mixture({name: 1.0}), rng_for("validation")
        )
        with torch.inference_mode():
            sr = recipe.restore(network, batch.lr).clamp(0, 1).cpu()
        result[f"psnr_{name}"] = round(_psnr(sr, batch.hr), 3)
    return result


def _psnr(sr: Tensor, hr: Tensor) -> float:
    return float((-10 * (sr - hr).square().mean(dim=(1, 2, 3)).log10()).mean())


def _batch(faces: np.ndarray, schedule: Schedule, step: int) -> Batch:
    return make_batch(faces, schedule.task.lr_size, schedule.batch, MIXTURE, rng_for(f"step {step}", schedule.seed))


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


def _save(out: Path, recipe: Recipe, average: nn.Module, step: int) -> None:
    """Write the checkpoint so that a kill at any moment leaves the old one or the new one."""
    state = {"step": step, "network": recipe.network.state_dict(), "average": average.state_dict()}
    torch.save(state | {"recipe": recipe.state()}, out / "state.pt.part")
    (out / "state.pt.part").replace(out / "state.pt")
    save_file({k: v.contiguous() for k, v in average.state_dict().items()}, out / "weights.safetensors.part")
    (out / "weights.safetensors.part").replace(out / "weights.safetensors")


def _load(out: Path, recipe: Recipe, average: nn.Module) -> int:
    if not (out / "state.pt").exists():
        return 0
    state = torch.load(out / "state.pt", weights_only=True)
    recipe.network.load_state_dict(state["network"])
    average.load_state_dict(state["average"])
    recipe.load_state(state["recipe"])
    return int(state["step"])


def export(folder: Path, destination: Path, training: str) -> None:
    """Ship a training's averaged weights: half precision, with one line on how they were trained inside.

    Args:
        folder: what :func:`train` wrote.
        destination: the .safetensors file to write.
        training: the line; methods show it in the manifest.
    """
    state = load_file(folder / "weights.safetensors")
    # Batch norm's running statistics stay in float32: variances can leave half precision's range.
    halved = {k: v.half() if v.is_floating_point() and "running_" not in k else v for k, v in state.items()}
    save_file(halved, destination, metadata={"training": training})


def _log(path: Path, row: dict[str, float]) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)
