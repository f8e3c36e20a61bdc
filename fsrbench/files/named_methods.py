"""``NAME=METHOD``: methods under names of the user's own, on the command line, in YAML files and from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fsrbench.errors import UserError

MOST: Final = 60
"""Maximum letters of a name."""
FORBIDDEN: Final = ':,"'
"""They separate names, and kinds from paths."""


class NotAMethod(UserError):
    """Something that names no method.

    Args:
        message: one line.
        *place: its position in the list or mapping.
    """

    def __init__(self, message: str, *place: object) -> None:
        super().__init__(message)
        self.place = place


def named_methods(given: object) -> dict[str, str]:
    """Name -> registered name or ``kind:target`` of each method.

    Args:
        given: a list of ``METHOD``, ``NAME=METHOD`` or ``{NAME: METHOD}``, or a mapping of names to methods.
            Duplicates count once.

    Raises:
        UserError: something else, an invalid name, or one name for two methods.

    Example:
        >>> named_methods(["bicubic", "codeformer=images:SR/codeformer"])
        {'bicubic': 'bicubic', 'codeformer': 'images:SR/codeformer'}
        >>> named_methods({"CodeFormer w=0.5": "images:lr=1e-4"})
        {'CodeFormer w=0.5': 'images:lr=1e-4'}
    """
    found: dict[str, str] = {}
    for name, method in filter(any, _pairs(given)):
        if found.setdefault(name, method) != method:
            raise UserError(f"two methods are called {name}: {found[name]} and {method}; give each a name of its own")
    return found


def as_texts(methods: Mapping[str, str]) -> list[str]:
    """Methods as the command line takes them: ``METHOD``, or ``NAME=METHOD`` if the name differs."""
    return [method if name == method else f"{name}={method}" for name, method in methods.items()]


def split_label(text: str) -> tuple[str, str]:
    """The name and the method of ``NAME=METHOD``; without ``NAME=`` the method is its own name.

    An equals sign behind the kind's colon belongs to a path: ``images:lr=1e-4`` has no name of its own.
    """
    head, colon, target = text.partition(":")
    name, equals, method = head.rpartition("=")
    return (name.strip(), f"{method.strip()}{colon}{target}") if equals else (text, text)


def _pairs(given: object) -> Iterator[tuple[str, str]]:
    """The names and methods in any accepted form."""
    if isinstance(given, Mapping):
        for name, method in given.items():
            yield _checked(name, method, name)
    elif isinstance(given, list | tuple):
        for place, item in enumerate(given):
            if isinstance(item, Mapping) and len(item) == 1:
                yield _checked(*next(iter(item.items())), place)
            elif isinstance(item, str):
                yield _checked(*split_label(item), place)
            else:
                raise NotAMethod("must be a valid string, METHOD or NAME=METHOD, or NAME: METHOD", place)
    else:
        raise NotAMethod("must be a list of methods, or NAME: METHOD")


def _checked(name: object, method: object, place: object) -> tuple[str, str]:
    """A name and its method; refuses a name that a comma-separated list could not hold."""
    if name == method and isinstance(name, str):
        return name, name
    if not isinstance(name, str) or not isinstance(method, str) or not method.strip():
        raise NotAMethod(f"{str(name)[:MOST]!r} names no method: write NAME=METHOD or NAME: METHOD", place)
    if reason := refusal(name, method):
        raise NotAMethod(reason, place)
    return name, method


def refusal(name: str, method: str) -> str:
    """Why a text cannot be a user's name for a method, in one line; empty if it can.

    Example:
        >>> refusal("CodeFormer w=0.5", "images:SR"), refusal("a,b", "bicubic")
        ('', "'a,b' is not a valid name for bicubic: letters without : , and quotes")
    """
    if not name or name != name.strip() or not name.isprintable() or set(name) & set(FORBIDDEN):
        return f"{name[:MOST]!r} is not a valid name for {method}: letters without : , and quotes"
    return f"{name[:MOST]!r}... is too long a name for {method}: at most {MOST} letters" if len(name) > MOST else ""
