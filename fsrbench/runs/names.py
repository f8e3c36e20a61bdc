"""Rows of a run that are not methods, and names in its folder."""

from __future__ import annotations

from typing import Final

LR: Final = "lr"
"""The LR images, which have pictures; if they have HR's size, they are scored as if a method had made them: the floor.
Reserved: no method may have this name."""
HR: Final = "hr"
"""The HR images, scored as if a method had made them: the ceiling. Reserved, too."""
BOUNDS: Final = {
    LR: "the input itself scored as a method",
    HR: "the HR images scored as a method",
}
"""The rows that are not methods and never ranked, in the order of a table, and their text in a legend."""
ROLES: Final = {LR: "floor", HR: "ceiling"}
"""The role of a bound, unless a metric says otherwise: then it is shown for comparison."""
CACHE = "cache"
"""The folder of finished units."""
MANIFEST = "manifest.json"
