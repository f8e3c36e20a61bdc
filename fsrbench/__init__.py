"""fsrbench: a benchmark for face super-resolution that a reviewer can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fsrbench.api import evaluate
    from fsrbench.methods.base import Method
    from fsrbench.provenance.versions import VERSION as __version__
    from fsrbench.runs.data import RunData

__all__ = ["Method", "RunData", "__version__", "evaluate"]

_PLACES = {
    "evaluate": ("fsrbench.api", "evaluate"),
    "Method": ("fsrbench.methods.base", "Method"),
    "RunData": ("fsrbench.runs.data", "RunData"),
    "__version__": ("fsrbench.provenance.versions", "VERSION"),
}


def __getattr__(name: str) -> Any:
    """What ``import fsrbench`` gives, imported when it is asked for: torch takes seconds."""
    if name not in _PLACES:
        raise AttributeError(f"module 'fsrbench' has no attribute {name!r}")
    import importlib

    module, attribute = _PLACES[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]
