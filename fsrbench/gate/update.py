"""Make a reference from a run, and list the changes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from fsrbench.errors import UserError
from fsrbench.gate.checked import Checked, checked_numbers, timing_base
from fsrbench.gate.reference import Held, HeldMethod, Reference, rounded
from fsrbench.gate.setup import made_with, setup_of
from fsrbench.gate.tolerances import default
from fsrbench.runs.data import RunData


def make(run: RunData, previous: Reference | None = None) -> Reference:
    """Make a reference from a run, with the tolerances of a previous one.

    Raises:
        UserError: a method or metric of the run failed, or there is nothing to keep.
    """
    _refuse_failed(run)
    base = timing_base(run)
    numbers = {key: number for key, number in checked_numbers(run, base).items() if number.has_value}
    if not numbers:
        raise UserError(f"{run.path} has no number that a reference could hold")
    metrics = sorted({metric for _, metric in numbers})
    images = [str(image) for image in sorted(run.images["image"])] or _images(run, metrics)
    scores, rows = {}, {}
    for metric in metrics:
        if kept := _scores(run, metric, [method for method, m in numbers if m == metric], images):
            names, scores[metric] = kept
            if names != images:
                rows[metric] = names
    return Reference(
        setup=setup_of(run, base, metrics),
        made_with=made_with(run),
        methods={method: _method(run, method, numbers, previous) for method in sorted({m for m, _ in numbers})},
        images=[(image, run.identities.get(image)) for image in images],
        rows=rows,
        scores=scores,
    )


def changes(before: Reference | None, after: Reference) -> list[str]:
    """How a reference differs from the previous one, one line per change."""
    return [*_setup_changes(before, after), *_value_changes(before, after)]


def _refuse_failed(run: RunData) -> None:
    failed = run.summary[run.summary["status"] == "failed"]
    if len(failed):
        named = ", ".join(f"{m} ({metric})" for m, metric in zip(failed["method"], failed["metric"], strict=True))
        raise UserError(f"{run.path} cannot become a reference; failed: {named}")


def _method(
    run: RunData, method: str, numbers: dict[tuple[str, str], Checked], previous: Reference | None
) -> HeldMethod:
    known = previous.methods[method].metrics if previous and method in previous.methods else {}
    own = sorted((metric, number) for (name, metric), number in numbers.items() if name == method)
    weights = run.entry("methods", method).get("weights_sha256")
    return HeldMethod(weights_sha256=weights, metrics={m: _held(m, number, known.get(m)) for m, number in own})


def _held(metric: str, number: Checked, known: Held | None) -> Held:
    usual = default(metric, number.unit)
    return Held(
        value=number.value,
        unit=number.unit,
        direction="higher" if number.direction == "higher" else "lower",
        abs_tolerance=known.abs_tolerance if known else usual.abs,
        rel_tolerance=known.rel_tolerance if known else usual.rel,
        n=number.n,
    )


def _images(run: RunData, metrics: list[str]) -> list[str]:
    """The images of a run without a list of them: those with scores."""
    return sorted({str(row) for metric in metrics for row in run.per_image(metric).index})


def _scores(
    run: RunData, metric: str, methods: list[str], images: list[str]
) -> tuple[list[str], dict[str, list[float | None]]] | None:
    """Names of the rows and each method's scores; the rows are the images, or the blocks of a set metric."""
    table = run.per_image(metric)
    if not len(table):
        return None
    names = images if set(table.index) <= set(images) else sorted(str(row) for row in table.index)
    table = table.reindex(names)
    kept = {
        method: [rounded(score) if math.isfinite(score) else None for score in np.asarray(table[method])]
        for method in sorted(methods)
        if method in table
    }
    return (names, kept) if kept else None


def _setup_changes(before: Reference | None, after: Reference) -> Iterator[str]:
    if before is None:
        return
    old, new = before.setup.model_dump(exclude={"metrics"}), after.setup.model_dump(exclude={"metrics"})
    for name in new:
        if old[name] != new[name]:
            yield f"{name}: {old[name]} -> {new[name]}"
    for metric, protocol in after.setup.metrics.items():
        known = before.setup.metrics.get(metric)
        if known and known.digest != protocol.digest:
            yield f"protocol of {metric}: {known.protocol} -> {protocol.protocol}"


def _value_changes(before: Reference | None, after: Reference) -> Iterator[str]:
    old, new = _numbers(before), _numbers(after)
    for key in sorted(old.keys() | new.keys()):
        method, metric = key
        a, b = old.get(key), new.get(key)
        texts = [f"{held.value:.6g} {held.unit}".rstrip() if held else "none" for held in (a, b)]
        if texts[0] != texts[1]:
            yield f"{method}, {metric}: " + (f"{texts[0]} -> {texts[1]}" if a else f"new: {texts[1]}")


def _numbers(reference: Reference | None) -> dict[tuple[str, str], Held]:
    methods = reference.methods.items() if reference else ()
    return {(method, metric): held for method, m in methods for metric, held in m.metrics.items()}
