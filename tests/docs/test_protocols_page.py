"""The page of protocols is what the code says today."""

from __future__ import annotations

from fsrbench.metrics import BUILTIN
from tools.docs import protocols


def test_page_is_current() -> None:
    assert protocols.PAGE.read_text(encoding="utf-8") == protocols.page(), "run `python -m tools.docs.protocols`"


def test_every_metric_has_its_row() -> None:
    text = protocols.PAGE.read_text(encoding="utf-8")
    assert [name for name in BUILTIN if f"| `{name}`" not in text] == []
