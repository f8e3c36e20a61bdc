"""Write what metrics declare, for bundles to be read without torch: ``python -m tools.docs.bundle_metrics``."""

from __future__ import annotations

import json
import math

from fsrbench.bundle.known import FILE
from fsrbench.metrics import BUILTIN, METRICS


def declared() -> str:
    """The text of the file: a line for each metric."""
    lines = []
    for name in BUILTIN:
        metric = METRICS.get(name)()
        entry = {
            "unit": metric.unit,
            "direction": metric.direction,
            "bounds": [bound if math.isfinite(bound) else None for bound in metric.bounds],
            "number": metric.number,
            "infinite": bool(metric.infinite),
        }
        lines.append(f" {json.dumps(name)}: {json.dumps(entry)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(declared(), encoding="utf-8")
