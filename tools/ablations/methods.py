"""The networks of the ablations as methods of the benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch

from fsrbench.errors import Unavailable
from fsrbench.tasks import Task
from reference_model import Ours
from reference_model.generator import RestorationNetwork

FOLDER = Path("runs/ablations")


class Full(Ours):
    """Semi-cycle with the face alignment losses; gradients cross generators."""

    variant: ClassVar[str] = "full"
    tasks = ("x4",)

    def load(self, task: Task, device: torch.device) -> None:
        """Load the variant's weights."""
        path = FOLDER / self.variant / "weights.safetensors"
        if not path.exists():
            raise Unavailable(f"{path} is missing; tools/ablations/run.sh trains it")
        self.load_network(RestorationNetwork(task.scale), path, device)


class NoAlignment(Full):
    """Without heatmap and attention losses."""

    variant = "no_alignment"


class NoBackward(Full):
    """Without the backward pathway."""

    variant = "no_backward"


class Detached(Full):
    """Gradients cut between generators, as in SCGAN's public code."""

    variant = "detached"
