"""Properties of a test's report that carry a model's outcome from one process to another."""

from __future__ import annotations

from typing import Final

SUMMARY: Final = "fsrbench"
"""The outcome for a model, one line."""
NOT_COMPARED: Final = "fsrbench_not_compared"
"""Why a model could not be compared."""
