"""Named, lazily imported objects: built-in tables and other packages' entry points behind one look-up."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from functools import cached_property
from importlib import metadata
from typing import Any

from fsrbench.errors import UserError


class Registry:
    """Look-up of objects by name.

    Args:
        kind: what the objects are, for messages ("method", "metric").
        builtin: name -> ``package.module:attribute``, imported when first asked for.
        group: entry-point group through which other packages add theirs.
    """

    def __init__(self, kind: str, builtin: Mapping[str, str] | None = None, group: str | None = None) -> None:
        self.kind = kind
        self._builtin = dict(builtin or {})
        self._group = group

    @cached_property
    def _targets(self) -> dict[str, str]:
        found = {e.name: e.value for e in metadata.entry_points(group=self._group)} if self._group else {}
        return found | self._builtin  # a plug-in cannot replace a built-in name silently

    def names(self) -> list[str]:
        """All names, in the order they were declared, plug-ins first."""
        return list(self._targets)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def get(self, name: str) -> Any:
        """Import and return the object called ``name``.

        Raises:
            UserError: no such name (with the nearest ones), or its import failed.
        """
        if name not in self._targets:
            raise UserError(self.unknown(name))
        return load_object(self._targets[name], f"{self.kind} {name}")

    def unknown(self, name: str) -> str:
        """One line for a name that is not here, with the nearest names."""
        near = difflib.get_close_matches(name, self.names(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(sorted(self.names()))}"
        return f"unknown {self.kind} {name!r}; {hint}"


def load_object(target: str, what: str) -> Any:
    """Import ``package.module:attribute``.

    Raises:
        UserError: the module or the attribute cannot be had.
    """
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a plug-in's import may raise anything
        raise UserError(f"cannot load {what} from {target}: {type(error).__name__}: {error}") from error
