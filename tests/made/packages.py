"""Packages that tests need, found without importing them."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def skip_file_without(package: str) -> None:
    """Skip a test file where a package is not installed.

    ``pytest.importorskip`` imports it: seconds in every test process, as each collects all files and one runs this.
    """
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)
