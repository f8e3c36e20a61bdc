"""Training of the face alignment network: heatmap regression on annotated faces."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fsrbench.errors import UserError
from fsrbench.metrics.landmarks import nme
from fsrbench.training.distributed import rank
from fsrbench.training.held_out import RULE, held_out_names
from fsrbench.training.recipe import Options, Recipe, check_settings, parse_config, set_rate, trainable, update
from reference_model.fan import FAN, gaussians, points_of, probabilities
from reference_model.fan_data import draw, load_annotated, reduced

TEST_PREFIX = "helen_test"
"""Prefix of the faces that are never trained on."""
HELD_OUT = 1 / 12
"""Share of the people (or of the pictures, if no people are known) held out for validation."""


@dataclass(frozen=True)
class Config:
    """Settings of the FAN's training."""

    extra: str = ""
    """Dataset of more faces, e.g. those the restoration networks are trained on."""
    extra_points: str = ""
    """Their landmarks, by a teacher (``tools.fan.teacher``): an .npz with ``names`` and ``points``."""
    extra_share: float = 0.5
    """Share of each batch that comes from there."""
    rate: float = 2e-3
    heatmap: float = 0.2
    """Weight of the heatmaps' cross entropy beside the points' distance."""

    def __post_init__(self) -> None:
        check_settings(self)
        if self.extra_share > 1:
            raise UserError(f"setting extra_share is a share of each batch, at most 1, not {self.extra_share:g}")
        if self.extra_points and not self.extra:
            raise UserError("setting extra_points needs extra: the dataset whose points they are")


class FanRecipe(Recipe):
    """AdamW on a cosine after a short warm-up; validation is the NME on held-out annotated faces."""

    shipped = "fan"
    scored_by = "fsrbench run --methods ours --metrics landmark_nme --weights fan={weights}"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.config = parse_config(Config, options.config)
        self.modules["fan"] = self.to_device(FAN())
        self.optimizers["fan"] = torch.optim.AdamW(trainable(self.network), lr=self.config.rate, weight_decay=1e-2)
        digest = sha256()
        annotated = load_annotated(options.data, digest=digest)
        self.facts |= {"data_sha256": digest.hexdigest(), "held_out": f"{RULE}; share 1/12"}
        self.notes += annotated.notes
        usable = annotated.where(np.array([not name.startswith(TEST_PREFIX) for name in annotated.names]))
        people = [usable.identities.get(name, name) for name in map(str, usable.names)]
        if len(set(people)) == 1:
            people = [str(name) for name in usable.names]
        chosen = held_out_names(people, HELD_OUT)
        held_out = np.array([person in chosen for person in people], dtype=bool)
        self.held_out, self.faces = usable.where(held_out), usable.where(~held_out)
        if len(usable) < 2:
            raise UserError(f"{options.data}: {len(usable)} faces with landmarks to train on, at least 2 are needed")
        self.note_no_lr_data()
        self.extra = None
        if self.config.extra:
            points = Path(self.config.extra_points) if self.config.extra_points else None
            self.extra = load_annotated(self.config.extra, points)
            self.notes += self.extra.notes

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Faces N,3,64,64 in [0, 1] and points N,68,2 in [0, 1] of the side."""
        generator = torch.Generator().manual_seed((self.options.seed * 64 + rank()) * 2**32 + step)
        sizes = {"extra": round(self.config.extra_share * self.options.batch) if self.extra else 0}
        sizes["faces"] = self.options.batch - sizes["extra"]
        parts = []
        for name, size in sizes.items():
            if size:
                data = getattr(self, name)
                rows = torch.randint(len(data), (size,), generator=generator).numpy()
                parts.append(draw(data, rows, generator))
        return torch.cat([faces for faces, _ in parts]), torch.cat([points for _, points in parts])

    def step(self, batch: tuple[Tensor, Tensor], progress: float) -> dict[str, float]:
        """One update."""
        warm = min(1.0, 0.02 + progress / 0.025)
        set_rate(self.optimizers.values(), self.config.rate * warm, 1e-6, progress)
        faces, points = (tensor.to(self.device) for tensor in batch)
        with self.autocast():
            logits = self.network(faces.contiguous(memory_format=torch.channels_last))
        entropy, distance = alignment_losses(logits, points)
        update(self.config.heatmap * entropy + distance, self.optimizers["fan"])
        return {"entropy": entropy.item(), "distance": distance.item()}

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean NME (fraction of the outer-eye distance) at 64 px."""
        faces = reduced(self.held_out).to(self.device)
        found = points_of(probabilities(network(faces))).cpu().numpy()
        return {"nme": round(float(nme(found, self.held_out.points).mean()), 5)}


def alignment_losses(logits: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy of the heatmaps with Gaussians around the true points, and mean distance of their means.

    Args:
        logits: N,68,h,w from the FAN.
        points: N,68,2 in [0, 1] of the side; points outside the picture count in neither.

    Returns:
        Two scalars; the distance is in heatmap pixels.
    """
    side = logits.shape[-1]
    inside = ((points > 0) & (points < 1)).all(dim=2).float()
    target = gaussians(points, side).flatten(2)
    entropy = -(target * logits.float().flatten(2).log_softmax(dim=2)).sum(dim=2)
    distance = (points_of(probabilities(logits)) - points).norm(dim=2) * side
    count = inside.sum().clamp(min=1)
    return (entropy * inside).sum() / count, (distance * inside).sum() / count
