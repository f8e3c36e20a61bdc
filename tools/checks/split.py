"""Which pictures thresholds are set on, and which false alarms are measured on: never the same person in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from fsrbench.datasets.base import Sample

HALVES: Final = ("set", "measured", "all")
SALT: Final = "checks"


def part(samples: Sequence[Sample], half: str, most: int | None = None) -> list[Sample]:
    """The samples of a half, by the hash of the identity, or of the id if the identity is unknown.

    Args:
        samples: of a dataset.
        half: ``set``, ``measured`` or ``all``.
        most: maximum number, chosen by the hash of the id.

    Example:
        >>> faces = [Sample(f"{who}/{file}", identity=f"{who}") for who in range(9) for file in "ab"]
        >>> halves = [{sample.identity for sample in part(faces, half)} for half in ("set", "measured")]
        >>> halves[0] & halves[1], len(halves[0] | halves[1])
        (set(), 9)
    """
    kept = [s for s in samples if half == "all" or HALVES[_hash(s.identity or s.id) % 2] == half]
    first = sorted(kept, key=lambda sample: _hash(sample.id))[:most]
    return sorted(first, key=lambda sample: sample.id)


def _hash(name: str) -> int:
    return crc32(f"{SALT} {name}".encode()) >> 8
