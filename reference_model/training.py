"""First training stage of the reference model: plain L1 on degraded faces.

The semi-cycle pathways, the discriminators and the face alignment losses build on the weights that this stage gives.
"""

from __future__ import annotations

from fsrbench.training.recipe import Options, PixelRecipe
from reference_model.generator import RestorationNetwork


def recipe(options: Options) -> PixelRecipe:
    """L1 with Adam, 5e-4 falling to 1e-6 on a cosine."""
    return PixelRecipe(RestorationNetwork(options.task.scale), 5e-4, 1e-6, options)
