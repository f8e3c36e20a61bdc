"""How fast the harness is, side by side in one go: `nox -s bench`, or `python tests/performance/bench.py [SECTION...]`.

Not a test: nothing fails. The table goes to results/performance.md with the machine it was measured on.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))
OUT = ROOT / "results" / "performance.md"


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    value: str
    target: str
    how: str


def main(*wanted: str) -> None:
    """Measure some sections, or all, and write the table."""
    # Commands are timed as users have them, with compiled modules
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "fsrbench-bench-modules")

    import again
    import growth
    import large
    import other_tools
    import overhead
    import workers

    sections: dict[str, Callable[[], list[Row]]] = {
        "overhead": overhead.measure,
        "other tools": other_tools.measure,
        "again": again.measure,
        "growth": growth.measure,
        "workers": workers.measure,
        "large": large.measure,
    }
    rows: list[Row] = []
    for name in wanted or sections:
        for row in sections[name]():
            rows.append(row)
            print(f"{row.what}: {row.value} (target: {row.target or '-'}); {row.how}", flush=True)
    if not wanted:
        OUT.write_text(_table(rows), encoding="utf-8")


def _table(rows: list[Row]) -> str:
    import torch

    from fsrbench.machine.facts import machine as facts_of

    machine = facts_of(torch.device("cpu"))
    facts = ", ".join(f"{key} {value}" for key, value in machine.items())
    lines = [f"| {r.what} | {r.value} | {r.target or '–'} | {r.how} |" for r in rows]
    return "\n".join(
        [
            "# Performance",
            "",
            f"`nox -s bench`, in one go on one machine: {facts}; torch {torch.__version__}.",
            "",
            "| what | measured | target | how |",
            "| :--- | ---: | ---: | :--- |",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
