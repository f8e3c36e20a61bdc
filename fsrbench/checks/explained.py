"""Findings that follow from another finding: a frame shrinks the picture, a logo distorts the fit of geometry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fsrbench.checks.finding import Finding

Found = Mapping[str, list[Finding]]
"""Findings by check, at least one each."""
FRAME: Final = 4.0
"""A narrow frame changes the tones by up to this multiple of their threshold."""
DRAWN: Final = 2.0
"""A thing in a corner distorts the fit of geometry by up to this multiple of its threshold."""
MASK: Final = 3.0
"""A corner that differs by this multiple of its threshold is masked: what is left resembles other pictures."""
BESIDE: Final = {"matched", "jpeg", "enlarged"}
"""Checks whose findings cause no others."""


def _slight(found: Found, check: str, times: float) -> bool:
    return check in found and found[check][0].value < times * found[check][0].threshold


def _of_most(found: Found) -> bool:
    return "pairing" in found and 2 * found["pairing"][0].images > found["pairing"][0].of


RULES: Final[tuple[tuple[Callable[[Found], bool], tuple[str, ...]], ...]] = (
    (lambda found: "matched" in found and "equality" not in found, ("tones", "colours")),
    (lambda found: "duplicates" in found, ("pairing",)),
    # Masked pictures resemble many others
    (lambda found: "corners" in found and not _slight(found, "corners", MASK), ("pairing",)),
    (lambda found: "pairing" in found, ("corners",)),
    # Differences from another picture are not a shift, tone or colour
    (_of_most, ("shift", "geometry", "tones", "colours")),
    # Shrunk into a frame, SR is smaller
    (lambda found: "borders" in found, ("geometry", "corners")),
    (lambda found: "borders" in found and _slight(found, "tones", FRAME), ("tones",)),
    (lambda found: "corners" in found and "shift" not in found and _slight(found, "geometry", DRAWN), ("geometry",)),
    (lambda found: bool(found.keys() & {"shift", "geometry", "channels", "tones", "colours"}), ("corners",)),
    (lambda found: bool(found.keys() & {"channels", "tones"}), ("colours",)),
    (lambda found: bool(found.keys() - BESIDE), ("matched",)),
)
"""Conditions, and the checks whose findings are then left out; applied in order."""


def alone(found: Found) -> dict[str, list[Finding]]:
    """The findings without those that follow from others: what to fix first.

    Args:
        found: by check, in the order of the report.

    Example:
        >>> finding = Finding("shift", "SR is shifted 2.0 px down", 2.0, 0.75, 9, 9)
        >>> list(alone({"shift": [finding], "matched": [finding]}))
        ['shift']
    """
    left = dict(found)
    for applies, explained in RULES:
        if applies(left):
            left = {check: findings for check, findings in left.items() if check not in explained}
    return left
