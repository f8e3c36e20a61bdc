"""A drift verdict for Prometheus, as a file that node_exporter's textfile collector reads (``*.prom``)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from typing import Final

from fsrbench.drift.verdict import Finding, Part, State, Verdict
from fsrbench.gate.findings import Refusal

PREFIX: Final = "fsrbench_drift"
SHORT: Final = {Part.INPUTS: "inputs", Part.OUTPUTS: "outputs", Part.BEYOND: "beyond"}
Sample = tuple[Mapping[str, str], float]
"""Labels and value."""
Family = tuple[str, str, list[Sample]]
"""Name, explanation and samples."""


def prometheus(verdict: Verdict) -> str:
    """The text in Prometheus' exposition format 0.0.4; labels say method, part and measure."""
    common = {"method": verdict.method, "run": verdict.run}

    def of(value: str, among: Iterable[Finding]) -> list[Sample]:
        pairs = [(each, float(getattr(each, value))) for each in among]
        labels = [common | {"part": SHORT[each.part], "measure": each.name} for each, _ in pairs]
        return [(label, number) for label, (_, number) in zip(labels, pairs, strict=True) if math.isfinite(number)]

    parts = [(common | {"part": SHORT[part]}, verdict.state(part)) for part in Part]
    plain = [each for each in verdict.findings if each.part is not Part.BEYOND]
    families: list[Family] = [
        ("alarm", "1 if the part has moved, else 0.", [(label, state is State.MOVED) for label, state in parts]),
        (
            "tested",
            "1 if the part could be tested, else 0.",
            [(label, state is not State.OPEN) for label, state in parts],
        ),
        (
            "p_value",
            "Probability of the change by chance, corrected over all tests.",
            of("p_corrected", verdict.findings),
        ),
        ("shift_sd", "Change in standard deviations of the reference's pictures.", of("effect", verdict.findings)),
        ("mean", "Mean of the measure over the window.", of("after", plain)),
        ("reference_mean", "Mean of the measure over the reference.", of("before", plain)),
        ("pictures", "Pictures in the window.", [(common, verdict.pictures)]),
        ("overlap_ratio", "Common ground of the inputs, 0 to 1.", [(common, verdict.overlap)]),
        *_always(comparable=True, common=common),
    ]
    return _text(families)


def refusal(refusal: Refusal) -> str:
    """The text of what cannot be compared."""
    return _text(_always(comparable=False, common={"run": str(refusal.run)}))


def _always(comparable: bool, common: Mapping[str, str]) -> list[Family]:
    return [
        ("comparable", "1 if the window could be compared with the reference, else 0.", [(common, comparable)]),
        ("checked_timestamp_seconds", "When the check ended, in seconds since 1970.", [(common, time.time())]),
    ]


def _text(families: Iterable[Family]) -> str:
    lines = []
    for name, explained, samples in families:
        known = [(labels, value) for labels, value in samples if math.isfinite(value)]
        if known:
            lines += [f"# HELP {PREFIX}_{name} {explained}", f"# TYPE {PREFIX}_{name} gauge"]
            lines += [f"{PREFIX}_{name}{{{_labels(labels)}}} {float(value):.10g}" for labels, value in known]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    value = value.encode(errors="replace").decode()  # a path may not be valid Unicode
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
