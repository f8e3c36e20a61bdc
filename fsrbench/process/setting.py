"""A global setting of the process, such as the working directory or torch's default dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Setting(NamedTuple):
    """Something global that can be read and set."""

    name: str
    """As it is called in warnings and the manifest."""
    read: Callable[[], Any]
    write: Callable[[Any], object]
    reported: bool = True
    """Whether a change is reported, or only undone."""
