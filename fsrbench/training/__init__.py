"""Training: a small resumable loop for the recipes that models bring through the entry point ``fsrbench.recipes``.

Neither metrics nor tables nor plots are imported: torch, numpy, Pillow, safetensors, filelock, typer and rich do.
"""

from fsrbench.registry import Registry

RECIPES = Registry("model to train", group="fsrbench.recipes")
