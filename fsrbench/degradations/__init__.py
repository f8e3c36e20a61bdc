"""Degradations: make the LR image from the HR image, the same on every machine."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.degradations.recipes import DEGRADATIONS as DEGRADATIONS
    from fsrbench.degradations.recipes import Degradation as Degradation
    from fsrbench.degradations.recipes import find_degradation as find_degradation
    from fsrbench.degradations.recipes import rng_for as rng_for

# Imported when they are asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "recipes": ["DEGRADATIONS", "Degradation", "find_degradation", "rng_for"],
    },
)
