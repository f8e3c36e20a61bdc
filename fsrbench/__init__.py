"""fsrbench: a benchmark for face super-resolution that a reviewer can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsrbench.api import evaluate
    from fsrbench.methods.base import Method
    from fsrbench.runs.data import RunData

__version__ = "0.1.0"
__all__ = ["Method", "RunData", "evaluate"]

_PLACES = {"evaluate": "fsrbench.api", "Method": "fsrbench.methods", "RunData": "fsrbench.runs.data"}


def __getattr__(name: str) -> Any:
    """What ``import fsrbench`` gives, imported when it is asked for: torch takes seconds."""
    if name not in _PLACES:
        raise AttributeError(f"module 'fsrbench' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]
