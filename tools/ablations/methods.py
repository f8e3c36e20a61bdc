"""The networks of the ablations as methods of the benchmark."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

import torch

from fsrbench.errors import Unavailable
from fsrbench.tasks import Task
from reference_model import Ours
from reference_model.generator import RestorationNetwork

FOLDER = Path("runs/ablations")


class Full(Ours):
    """All parts of the training of ours: alignment, identity, discriminator, semi-cycle, broad mixture."""

    variant: ClassVar[str] = "full"
    tasks = ("x4",)

    def load(self, task: Task, device: torch.device) -> None:
        """Load the variant's weights."""
        path = FOLDER / self.variant / "weights.safetensors"
        if not path.exists():
            raise Unavailable(f"{path} is missing; tools/ablations/run.sh trains it")
        self.load_network(partial(RestorationNetwork.fitting, scale=task.scale), path, device)


class NoAlignment(Full):
    """Without heatmap and attention losses."""

    variant = "no_alignment"


class NoIdentity(Full):
    """Without the identity loss."""

    variant = "no_identity"


class NoAlignmentNoIdentity(Full):
    """Without heatmap, attention and identity losses."""

    variant = "no_alignment_no_identity"


class NoDiscriminator(Full):
    """Without adversarial losses and distances of the discriminator's features."""

    variant = "no_discriminator"


class NoCycle(Full):
    """Pairs alone after the first update."""

    variant = "no_cycle"


class NarrowMixture(Full):
    """LR of pairs as in the training of ours-paper."""

    variant = "narrow_mixture"
