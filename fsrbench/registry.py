"""Look up lazily imported objects by name: built-in ones and those of other packages' entry points."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib import metadata
from types import ModuleType
from typing import Any

from fsrbench.errors import FsrbenchError, Unavailable, UserError, one_line, unknown_name


class NameConflict(UserError):
    """Two packages register different objects under one name."""


class Registry:
    """Look-up of objects by name.

    Args:
        kind: the kind of object, for messages ("method", "metric").
        builtin: name -> ``package.module:attribute``, imported when first needed.
        group: entry-point group through which other packages add theirs.
    """

    def __init__(self, kind: str, builtin: Mapping[str, str] | None = None, group: str | None = None) -> None:
        self.kind = kind
        self._builtin = dict(builtin or {})
        self._group = group
        self._objects: dict[str, Any] = {}

    @cached_property
    def _targets(self) -> dict[str, str]:
        return {name: next(iter(targets)) for name, targets in self._offers.items()}

    @cached_property
    def _offers(self) -> dict[str, dict[str, str]]:
        """For each name its targets and the package that registers each; several targets are a conflict."""
        offers: dict[str, dict[str, str]] = {}
        # Our own first, then by package name, so that the order of sys.path does not matter
        for point in sorted(self._entry_points(), key=lambda point: (_package(point) != "fsrbench", _package(point))):
            offers.setdefault(point.name, {}).setdefault(point.value, _package(point))
        for name, target in self._builtin.items():
            offers[name] = {target: "fsrbench"} | offers.get(name, {})
        return offers

    def _entry_points(self) -> Iterable[metadata.EntryPoint]:
        return metadata.entry_points(group=self._group) if self._group else ()

    def names(self) -> list[str]:
        """All names in the order of declaration, plug-ins first."""
        return [*self._targets, *self._objects]

    def __contains__(self, name: object) -> bool:
        return name in self._targets or name in self._objects

    @contextmanager
    def temporarily(self, objects: Mapping[str, Any]) -> Iterator[None]:
        """Register objects under these names for the duration of a ``with`` block.

        Raises:
            UserError: a name is taken.
        """
        if taken := [name for name in objects if name in self]:
            raise UserError(f"a {self.kind} called {taken[0]} already exists; give yours another name")
        self._objects.update(objects)
        try:
            yield
        finally:
            for name in objects:
                del self._objects[name]

    def get(self, name: str) -> Any:
        """Import and return the object called ``name``.

        Raises:
            UserError: no such name; the message has the nearest ones.
            NameConflict: two packages register different objects under it.
            FsrbenchError: its import failed; see :func:`load_object`.
        """
        if name in self._objects:
            return self._objects[name]
        if name not in self._targets:
            raise UserError(self.unknown(name))
        self._check_unique(name)
        return load_object(self._targets[name], f"{self.kind} {name}")

    def _check_unique(self, name: str) -> None:
        offers = self._offers.get(name, {})
        if len(offers) > 1 and self._targets[name] in offers:
            claims = " and ".join(f"{package} ({target})" for target, package in offers.items())
            raise NameConflict(f"{claims} both register the {self.kind} {name}; uninstall one of the packages")

    def unknown(self, name: str) -> str:
        """One line for an unknown name, with the nearest names."""
        return unknown_name(self.kind, name, self.names())


def _package(point: metadata.EntryPoint) -> str:
    """The name of the package that registers an entry point."""
    return point.dist.name if point.dist else "an unknown package"


def load_object(target: str, what: str) -> Any:
    """Import ``package.module:attribute``.

    Raises:
        UserError: there is no such module or attribute.
        Unavailable: the module needs a package that is not installed.
        FsrbenchError: the module's own code raises.
    """
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        raise UserError(f"cannot load {what}: {target!r} is not package.module:Name")
    try:
        return getattr(_import(module, what), attribute)
    except AttributeError:
        raise UserError(f"cannot load {what}: {module} has no {attribute}") from None


def _import(module: str, what: str) -> ModuleType:
    from fsrbench.process.containment import contained

    try:
        with contained():
            return importlib.import_module(module)
    except ImportError as error:
        missing = error.name or ""
        if isinstance(error, ModuleNotFoundError) and (module == missing or module.startswith(f"{missing}.")):
            hint = "; name it without .py" if module.endswith(".py") else ""
            raise UserError(
                f"cannot load {what}: no module {missing}, installed or in the current folder{hint}"
            ) from None
        raise Unavailable(f"{what} needs a package that is not installed: {one_line(error)}") from error
    except Exception as error:  # a plug-in's import may raise anything
        raise FsrbenchError(f"cannot load {what}: {one_line(error)}") from error
