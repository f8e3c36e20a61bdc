"""Degradations: make the LR image from the HR image, the same on every machine."""

import lazy_loader

# __init__.pyi says where each name comes from; imported on first access, because torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
