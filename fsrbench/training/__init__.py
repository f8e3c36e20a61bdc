"""Training: a small resumable loop for recipes, which models register under the entry point ``fsrbench.recipes``.

Needs neither metrics nor tables nor plots: torch, numpy, Pillow, safetensors, filelock, typer and rich are enough.
"""

from fsrbench.registry import Registry

RECIPES = Registry("model to train", group="fsrbench.recipes")
