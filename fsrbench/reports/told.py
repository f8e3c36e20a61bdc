"""What a run tells of itself, read with care: runs of earlier versions lack parts, and text may have any shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fsrbench.reports.data import RunData


def section(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the manifest, or of a part of it; empty where there is none."""
    found = manifest.get(name)
    return found if isinstance(found, Mapping) else {}


def one_line(value: object) -> str:
    """As text with its line breaks and runs of spaces made single spaces; empty for nothing."""
    return "" if value is None else " ".join(str(value).split())


def counts(run: RunData, metric: str) -> str:
    """``n = 200``, or the range where the methods differ."""
    results = [run.result(method, metric) for method in run.methods]
    found = sorted({int(result.n) for result in results if result is not None and result.ok and result.n > 0})
    if not found:
        return ""
    return f"n = {found[0]}" if len(found) == 1 else f"n = {found[0]} to {found[-1]}"


def protocol_line(run: RunData, metric: str) -> str:
    """What exactly was computed, and with other weights than the declared ones, if so."""
    said = one_line(section(run.manifest, "protocols").get(metric)) or "protocol not recorded"
    note = one_line(section(run.manifest, "protocol_notes").get(metric))
    return f"{said}; {note}" if note else said
