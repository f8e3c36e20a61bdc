"""Properties of a test's report by which the plug-in passes on what became of a model, from one process to another."""

from __future__ import annotations

from typing import Final

SUMMARY: Final = "fsrbench"
"""What became of a model, one line."""
NOT_COMPARED: Final = "fsrbench_not_compared"
"""Why a model could not be compared."""
