"""Where the project and its shared data lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder of the project, also what a child process needs on its path to import its packages."""
TESTS = ROOT / "tests"
"""What a child process needs on its path to import ``made``."""
SHARED = ROOT.parent / "shared"
"""Faces and weights that are too large or not free enough for the project; absent on most machines."""
