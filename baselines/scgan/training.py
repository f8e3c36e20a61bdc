"""First training stage of SCGAN: plain L1 on degraded faces, the warm-up before its semi-cycle losses."""

from __future__ import annotations

from baselines.scgan.network import RestorationNetwork
from fsrbench.errors import UserError
from fsrbench.training.recipe import Options, PixelRecipe


def recipe(options: Options) -> PixelRecipe:
    """L1 with Adam, 2e-4 falling to 1e-6 on a cosine; the network sees BGR in [-1, 1]."""
    if options.task.scale != 4:
        raise UserError("scgan does x4 only")
    return PixelRecipe(RestorationNetwork(), 2e-4, 1e-6, options, signed_bgr=True)
