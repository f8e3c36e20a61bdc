"""docs/checks.md has every check: what it looks for, and how often it errs."""

from __future__ import annotations

import ast
import re
from functools import cache

from made.places import ROOT

from tools.checks.tables import NAMES, OF_DATA, UNMEASURED

PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")


@cache
def in_code() -> frozenset[str]:
    """Names of checks: what findings are made with."""
    names = set()
    for path in (ROOT / "fsrbench").rglob("*.py"):
        if "Finding" not in (text := path.read_text(encoding="utf-8")):
            continue
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            made = getattr(call.func, "id", "") in ("Finding", "_finding")
            given = [*call.args[:1]] * made + [of.value for of in call.keywords if of.arg == "check"]
            names |= {of.value for of in given if isinstance(of, ast.Constant)}
    return frozenset(names)


def in_table(heading: str) -> set[str]:
    """Names in the first column of the table below a heading."""
    section = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    (of,) = [part for part in section if part.startswith(heading)]
    cells = [line.split("|")[1] for line in of.splitlines() if line.startswith("| ") and "`" in line.split("|")[1]]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell) if name in in_code()}


def test_every_check_is_described():
    assert in_table("What is looked for") == in_code()


def test_every_check_has_a_rate_of_false_alarms():
    assert in_table("False alarms") == in_code()


def test_every_check_is_measured():
    assert {*NAMES, *OF_DATA, *UNMEASURED} == in_code()
