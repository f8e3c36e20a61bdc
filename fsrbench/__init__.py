"""fsrbench: a benchmark for face super-resolution that a reviewer can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsrbench.api import evaluate
    from fsrbench.methods import Method
    from fsrbench.reports.data import RunData

__version__ = "0.1.0"
__all__ = ["Method", "RunData", "evaluate"]

_PLACES = {"evaluate": "fsrbench.api", "Method": "fsrbench.methods", "RunData": "fsrbench.reports.data"}


def __getattr__(name: str) -> Any:
    """What ``import fsrbench`` gives, imported when it is asked for: torch takes seconds."""
    if name not in _PLACES:
        raise AttributeError(f"module 'fsrbench' has no attribute {name!r}")
    import importlib
    import random

    state = random.getstate()  # rich draws numbers while it is imported
    try:
        return getattr(importlib.import_module(_PLACES[name]), name)
    finally:
        random.setstate(state)


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]
