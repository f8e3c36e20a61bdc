"""Rows of a run that are not methods, and names in its folder."""

from __future__ import annotations

from typing import Final

LR: Final = "lr"
"""The LR images, which have pictures; where they have HR's side they are scored as if a method had made them: the
floor. Reserved: no method may have this name."""
HR: Final = "hr"
"""The HR images, scored as if a method had made them: the ceiling. Reserved, too."""
BOUNDS: Final = {
    LR: "the input itself scored as a method",
    HR: "the HR images scored as a method",
}
"""The rows that are no methods and are never ranked, in the order of a table, and what a legend says of each."""
ROLES: Final = {LR: "floor", HR: "ceiling"}
"""What a bound is, except for metrics that say otherwise: for those it is there for comparison."""
CACHE = "cache"
"""The folder of finished units."""
MANIFEST = "manifest.json"
