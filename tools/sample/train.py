"""Train the detail network: real faces as HR, and as LR what the appearance model can draw of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from fsrbench.degradations.base import Degradation
from fsrbench.degradations.recipes import DEGRADATIONS
from fsrbench.training.start import start
from tools.sample.check import Dlib
from tools.sample.detail import SIDE, reduced
from tools.sample.faces import Faces
from tools.sample.fit import encode
from tools.sample.render import Appearance, place_of

TASK: Final = f"{SIDE}x4"
CONFIG: Final = Path(__file__).with_name("detail.yaml")


class Smooth:
    """The degradation that reduces a face to what the appearance model can draw.

    Args:
        appearance: fitted to faces with the same framing.
    """

    def __init__(self, appearance: Appearance) -> None:
        self.appearance, self.dlib = appearance, Dlib()

    def __call__(self, hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, dict[str, Any]]:
        """The face's fit, reduced to ``size``, with grain from ``rng``."""
        picture = np.array(hr)
        face = Faces(picture[None], self.dlib.landmarks(picture)[None], np.zeros(1, int))
        place = place_of(self.appearance.nodes(face.landmarks))
        with torch.no_grad():
            smooth = self.appearance.smooth(encode(self.appearance, face), place)
        return reduced(smooth[0], rng, size), {}


def train(appearance: Appearance, faces: Path, out: Path, steps: int, config: Path = CONFIG) -> None:
    """Train the detail network on a zip of faces; a training in ``out`` is resumed."""
    DEGRADATIONS["appearance"] = Degradation("appearance", "what the appearance model draws", Smooth(appearance))
    # The semi-cycle requires real LR, although the configuration leaves it out
    settings = {"task": TASK, "data": str(faces), "lr_data": str(faces), "device": "auto", "amp": True}
    settings |= {"batch": 8, "seed": 0}
    resume = (out / "state.pt").exists()
    start("ours", out, settings, config, CONFIG.with_name("detail_lr.yaml"), steps, 250, threads=1, resume=resume)
