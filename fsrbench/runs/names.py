"""Names of the rows of pictures and numbers that are no method's."""

from __future__ import annotations

from typing import Final

LR: Final = "lr"
"""The LR images; they have pictures and no numbers, and no method may be called so."""
HR: Final = "hr"
"""The HR images, scored as if a method had made them: the ceiling."""


CACHE = "cache"
"""Where the units that are done lie."""


MANIFEST = "manifest.json"
