"""Examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest
from made.places import ROOT

pytestmark = pytest.mark.docs

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("fsrbench", "baselines", "reference_model")
    for path in (ROOT / package).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_there_are_examples() -> None:
    assert {"fsrbench.api", "fsrbench.methods.base", "fsrbench.methods.callables", "fsrbench.stats.intervals"} <= set(
        MODULES
    )


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
