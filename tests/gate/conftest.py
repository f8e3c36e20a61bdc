"""A red verdict for the tests of its formats."""

from __future__ import annotations

import pytest
from made.gate import verdict
from made.verdicts import AFTER, BEFORE

from fsrbench.gate.findings import Verdict


@pytest.fixture(scope="session")
def red() -> Verdict:
    return verdict(BEFORE, AFTER, versions={"fsrbench": "0.1.0", "torch": "2.10.0"})
