"""Degradations: make the LR image from the HR image, the same on every machine."""
