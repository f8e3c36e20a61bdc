"""Ids, identities and roles of images, as strings and as rows of bytes, which processes can exchange."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from torch import Tensor

from fsrbench.errors import UserError

Name: TypeAlias = tuple[str, str | None, str | None]
"""Id, identity and role of an image; the id is empty if none was given."""
Names: TypeAlias = list[Name]
LONGEST: Final = 512
"""Bytes of an image's id, identity and role together."""


def names_of(
    count: int,
    ids: Sequence[str] | None,
    identities: Sequence[str | None] | None,
    roles: Sequence[str | None] | None,
) -> Names:
    """Ids, identities and roles of some images.

    Raises:
        UserError: not one for each image, of another type, or too long.
    """
    given = {"ids": _texts(ids, "ids"), "identities": _texts(identities, "identities"), "roles": _texts(roles, "roles")}
    for what, values in given.items():
        if values is not None and len(values) != count:
            raise UserError(f"{what}: one for each of the {count} images, not {len(values)}")
    nothing: list[None] = [None] * count
    images = [image or "" for image in given["ids"] or nothing]
    names = list(zip(images, given["identities"] or nothing, given["roles"] or nothing, strict=True))
    for name in names if any(given.values()) else ():
        if len(_text(name)) > LONGEST:
            raise UserError(f"id and identity {name[0][:40]}...: longer than {LONGEST} bytes together")
    return names


def _texts(values: Any, what: str) -> list[str | None] | None:
    """Names as strings, as a run has them; from a tensor, an array or any sequence."""
    if values is None:
        return None
    if isinstance(values, Tensor | np.ndarray):
        values = values.tolist()
    found = [str(each) if type(each) is int else each for each in values] if isinstance(values, list | tuple) else None
    if found is None or not all(each is None or isinstance(each, str) for each in found):
        raise UserError(f"{what}: a list of strings or integers, one for each image")
    return found


def _text(name: Name) -> bytes:
    return json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")


def encoded(name: Name) -> np.ndarray:
    """As bytes, which processes can exchange."""
    return np.frombuffer(_text(name).ljust(LONGEST, b"\0"), np.uint8)


def decoded(row: np.ndarray) -> Name:
    """The opposite of :func:`encoded`."""
    image, identity, role = json.loads(row.astype(np.uint8).tobytes().rstrip(b"\0").decode("utf-8", "surrogatepass"))
    return str(image), identity, role
