"""Lists as flags give them."""

from __future__ import annotations


def names_in(text: str) -> list[str]:
    """The names of a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]
