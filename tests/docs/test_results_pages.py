"""Tables in README and cards are those in results/."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs import results


@pytest.mark.parametrize("path", results.PAGES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_tables_are_current(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert results.COPY.search(page)
    assert page == results.with_tables(page), "run `python -m tools.docs.results`"
