"""Rows of a run that are not methods, and names in its folder."""

from __future__ import annotations

from typing import Final

LR: Final = "lr"
"""The LR images, which have pictures but no numbers. Reserved: no method may have this name."""
HR: Final = "hr"
"""The HR images, scored as if a method had made them: the ceiling. Reserved, too."""
CACHE = "cache"
"""The folder of finished units."""
MANIFEST = "manifest.json"
