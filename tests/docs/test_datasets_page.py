"""The page about datasets names every kind and every crop."""

from made.places import ROOT

from fsrbench.datasets.importers import KINDS
from fsrbench.datasets.importers.crops import CROPS

TEXT = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")


def test_tables_have_every_kind_and_crop() -> None:
    for kind in KINDS.values():
        assert f"| `{kind.name}` |" in TEXT
        assert kind.home in TEXT
    for crop in CROPS:
        assert f"| `{crop.name}` |" in TEXT
