"""What a model brings to be trained: networks, losses and optimisers behind one ``step``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.tasks import Task
from fsrbench.training.data import Batch


@dataclass(frozen=True)
class Options:
    """What a recipe is made for."""

    task: Task
    device: torch.device
    amp: bool
    """Run the network in bfloat16 where autocast allows; losses and weights stay in float32."""


class Recipe(ABC):
    """A model's training: one :meth:`step` an update; everything to resume from in :meth:`state`."""

    network: nn.Module
    """The restoration network; an exponential average of its weights is what gets shipped."""

    @abstractmethod
    def step(self, batch: Batch, progress: float) -> dict[str, float]:
        """Update once and return the losses. ``progress`` goes from 0 to 1 over the training."""

    @abstractmethod
    def restore(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Super-resolve N,3,h,w in [0, 1] to N,3,H,W in [0, 1] with ``network`` (the live one or its average)."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything but the network that a resumed training needs."""

    @abstractmethod
    def load_state(self, state: dict[str, Any]) -> None: ...


class PixelRecipe(Recipe):
    """Plain L1 training of a restoration network with Adam and a cosine from ``lr`` to ``final_lr``.

    Args:
        network: maps LR to HR.
        rate, final_rate: Adam's learning rate at the start and at the end.
        signed_bgr: the network wants and gives BGR in [-1, 1], not RGB in [0, 1].
    """

    def __init__(
        self, network: nn.Module, rate: float, final_rate: float, options: Options, signed_bgr: bool = False
    ) -> None:
        self.device, self.amp, self.signed_bgr = options.device, options.amp, signed_bgr
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=rate)
        self.rates = (rate, final_rate)

    def restore(self, network: nn.Module, lr: Tensor) -> Tensor:
        lr = lr.to(self.device, memory_format=torch.channels_last)
        if self.signed_bgr:
            lr = lr.flip(1) * 2 - 1
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.amp):
            sr: Tensor = network(lr).float()
        return (sr.flip(1) + 1) / 2 if self.signed_bgr else sr

    def step(self, batch: Batch, progress: float) -> dict[str, float]:
        first, last = self.rates
        cosine = 0.5 * (1 + math.cos(progress * math.pi))
        for group in self.optimizer.param_groups:
            group["lr"] = last + (first - last) * cosine
        loss = F.l1_loss(self.restore(self.network, batch.lr), batch.hr.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return {"l1": loss.item()}

    def state(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        self.optimizer.load_state_dict(state["optimizer"])
