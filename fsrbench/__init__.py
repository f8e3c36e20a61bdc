"""fsrbench: a benchmark for face super-resolution that a reviewer can trust."""

import random
from typing import Any

import lazy_loader

# __init__.pyi says where each name comes from; imported on first access, because torch takes seconds.
_get, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    state = random.getstate()  # rich draws numbers while it is imported
    try:
        return _get(name)
    finally:
        random.setstate(state)
