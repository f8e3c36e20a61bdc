"""Columns, statuses and limits of the files in a run's folder."""

from __future__ import annotations

from typing import Final

STATUSES: Final = ("ok", "unavailable", "invalid", "failed")
SCORE_COLUMNS: Final = ("method", "image", "metric", "value", "status")
SUMMARY_COLUMNS: Final = (
    "method", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "status", "note",
)  # fmt: skip
SUMMARY_TEXT: Final = ("method", "metric", "unit", "direction", "status", "note")
SUMMARY_NUMBERS: Final = ("value", "ci_low", "ci_high", "n")
DETAIL_COLUMNS: Final = ("method", "metric", "detail", "value")
CURVE_COLUMNS: Final = ("method", "metric", "curve", "x", "y")
BLOCK_COLUMNS: Final = ("method", "metric", "block", "value")
IMAGE_COLUMNS: Final = ("image", "identity")
PROPERTY_COLUMNS: Final = (
    *("image", "lr_size", "brightness", "contrast", "noise", "sharpness"),
    *("yaw", "pitch", "roll", "eye_distance"),
)
"""Of the file of images' properties; the last four are empty where no landmarks are known."""
SET_GROUP_COLUMNS: Final = (
    *("column", "group", "method", "metric", "value", "ci_low", "ci_high", "images", "people"),
    *("comparable", "note"),
)
"""Of the file of numbers of a whole set by group; ``comparable``: whether groups of other sizes may be compared."""
COUNTED: Final = ("params", "flops", "peak_memory")
"""Metrics with exact values, for runs that do not record which have them."""
MAX_IMAGES: Final = 1e12
"""Largest plausible number of images."""
MAX_FAILED: Final = 0.01
"""Share of the images that may fail before a method's number is ``failed`` instead of ``ok``."""


def too_many_failed(failed: int, images: int) -> bool:
    """Whether more than :data:`MAX_FAILED` of the images failed, so that the number of the others is ``failed``."""
    return failed > MAX_FAILED * images
