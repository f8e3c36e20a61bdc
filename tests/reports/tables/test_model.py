"""The content of a table."""

from __future__ import annotations

from typing import Any

import pytest

from fsrbench.reports.tables.model import Table


def about(facts: str, legend: str) -> str:
    empty: Any = ()
    table = Table(
        columns=empty,
        rows=empty,
        legend=legend,
        footnotes=empty,
        left_out=empty,
        facts=facts,
        methods=empty,
        protocols=empty,
    )
    return table.about


@pytest.mark.parametrize(
    ("facts", "legend", "text"),
    [
        ("Dataset faces; n = 3", "†: measured on a part", "Dataset faces; n = 3. †: measured on a part."),
        ("2 pictures left out: a.png, ...", "", "2 pictures left out: a.png, ..."),
        ("My caption.", "", "My caption."),
    ],
)
def test_facts_and_legend_are_sentences(facts: str, legend: str, text: str) -> None:
    assert about(facts, legend) == text
