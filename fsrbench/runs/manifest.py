"""Read the manifest defensively: runs of earlier versions lack parts, and values may be of any type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fsrbench.runs.data import RunData


def section(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the manifest, or of a part of it; empty if missing."""
    found = manifest.get(name)
    return found if isinstance(found, Mapping) else {}


def one_line(value: object) -> str:
    """As text with whitespace collapsed to single spaces; empty for ``None``."""
    return "" if value is None else " ".join(str(value).split())


def findings(entry: Mapping[str, Any]) -> list[str]:
    """What checks found wrong with a method's pictures, one line each."""
    found = entry.get("findings")
    lines = (
        [finding.get("text") for finding in found if isinstance(finding, Mapping)] if isinstance(found, list) else []
    )
    return [one_line(line) for line in lines if line]


def images_of_people(images: object, people: object) -> str:
    """``16 images of 6 people``; only the number of images without known people."""
    if not people:
        return str(images)
    return f"{images} image{'s' * (images != 1)} of {people} {'people' if people != 1 else 'person'}"


def part_measured(run: RunData, method: str, metric: str) -> str:
    """``8 of 16 images`` if a value was not measured on all images; else empty."""
    result = run.shown_result(method, metric)
    if result is None:
        return ""
    failed = result.status == "failed"
    if metric in run.scored:
        scores = run.per_image(metric)
        if method not in scores:
            return ""
        # Images without a score of any method do not count, unless this method failed
        total = len(scores if failed else scores.dropna(how="all"))
        own = scores[method].dropna().to_numpy(dtype=float)
        measured = int(np.isfinite(own).sum()) if math.isfinite(result.value) else len(own)
    else:
        total, measured = int(section(run.manifest, "dataset").get("n") or 0), int(result.n) if result.n > 0 else 0
        if not failed:
            return ""
    return f"{measured} of {total} images" if measured < total else ""


def counts(run: RunData, metric: str) -> str:
    """``n = 200``, or the range if the methods differ."""
    results = [run.result(method, metric) for method in run.methods]
    found = sorted({int(result.n) for result in results if result is not None and result.ok and result.n > 0})
    if not found:
        return ""
    return f"n = {found[0]}" if len(found) == 1 else f"n = {found[0]} to {found[-1]}"


def protocol_line(run: RunData, metric: str) -> str:
    """How a metric was computed, and whether with weights other than the declared ones."""
    return protocol_of(run.manifest, metric)


def protocol_of(manifest: Mapping[str, Any], metric: str) -> str:
    """:func:`protocol_line` from a manifest."""
    protocol = one_line(section(manifest, "protocols").get(metric)) or "protocol not recorded"
    note = one_line(section(manifest, "protocol_notes").get(metric))
    return f"{protocol}; {note}" if note else protocol
