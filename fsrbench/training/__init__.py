"""Training: a small resumable loop for the recipes that models bring through the entry point ``fsrbench.recipes``.

Only torch, numpy, Pillow, safetensors and typer are needed.
"""

from fsrbench.registry import Registry

RECIPES = Registry("model to train", group="fsrbench.recipes")
