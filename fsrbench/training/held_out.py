"""Choose the people held out for validation, by each name alone, whatever other data there is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

PARTS: Final = 1000
RULE: Final = f"sha256(identity) mod {PARTS} < {PARTS} * share, at least one of two or more"
"""The rule in one line, for the record."""


def held_out_names(names: Iterable[str], share: float) -> set[str]:
    """Choose the people (or pictures, without identities) held out for validation.

    A person is on the same side in every dataset, but neither side is left empty: if the rule chooses none, the one
    with the lowest hash is held out; if it chooses all, the one with the highest is trained on.

    Args:
        names: identities, or names of pictures.
        share: of the names, from 0 to 1; 0 holds out none.

    Example:
        >>> sorted(held_out_names(["ann", "bob", "cem", "dee", "eve"], 0.3))
        ['dee', 'eve']
        >>> held_out_names(["ann"], 0.3)
        set()
    """
    order = sorted(set(names), key=lambda name: (_part(name), name))
    if len(order) < 2 or share <= 0:
        return set()
    chosen = sum(_part(name) < PARTS * share for name in order)
    return set(order[: min(max(chosen, 1), len(order) - 1)])


def _part(name: str) -> int:
    return int(hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest(), 16) % PARTS
