"""Numbers as text."""

from __future__ import annotations

import pytest

from fsrbench.runs.digits import significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2273.4, "2270"),
        (8.4, "8.40"),
        (8.876, "8.88"),
        (9.996, "10.0"),
        (99.96, "100"),
        (0.0123456, "0.0123"),
        (1e6, "1000000"),
        (0.0, "0.00"),
        (-8.4, "-8.40"),
        (1.0, "1.00"),
    ],
)
def test_three_significant_digits(value: float, text: str) -> None:
    assert significant(value) == text
