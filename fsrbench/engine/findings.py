"""Findings of the checks on a scored run: about each method, and about the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fsrbench.checks import data as data_checks
from fsrbench.checks import equality, framing
from fsrbench.checks import method as method_checks
from fsrbench.checks.finding import Finding
from fsrbench.engine.plan import REFERENCE
from fsrbench.engine.prepare import Prepared
from fsrbench.engine.results import MethodResults
from fsrbench.engine.unit_features import stored_features
from fsrbench.errors import FsrbenchError, UserError
from fsrbench.methods.given_images import GivenImages
from fsrbench.runs.names import HR, LR

FILES: Final = ("images", "checkpoint", "onnx")
"""Kinds of methods given as files; only for these is plain interpolation a finding, as code may well be one."""


@dataclass(frozen=True)
class Findings:
    """What was found."""

    data: list[Finding]
    methods: dict[str, list[Finding]]
    """By method, those with findings."""

    def refusals(self) -> dict[str, FsrbenchError]:
        """With ``--strict``: why methods have no numbers."""
        texts = {name: "; ".join(finding.text for finding in found) for name, found in self.methods.items()}
        return {name: FsrbenchError(f"--strict: {text}") for name, text in texts.items()}


def find(prepared: Prepared, results: Mapping[str, MethodResults]) -> Findings:
    """Judge what was measured of all units."""
    scored = {name: result for name, result in results.items() if name not in (HR, LR, REFERENCE)}
    found = {name: _of_method(prepared, name, result) for name, result in scored.items()}
    return Findings(_of_data(prepared, results), {name: findings for name, findings in found.items() if findings})


def refuse_data(found: Findings) -> None:
    """With ``--strict``: no method can be scored on faulty data.

    Raises:
        UserError: there are findings about the data.
    """
    if found.data:
        raise UserError(f"--strict: {'; '.join(finding.text for finding in found.data)}")


def _of_method(prepared: Prepared, name: str, result: MethodResults) -> list[Finding]:
    task, method = prepared.spec.the_task, prepared.context.methods.get(name)
    found = []
    if isinstance(method, GivenImages):
        found += method.findings([sample.id for sample in prepared.dataset], prepared.spec.limit is None)
    if exact := equality.judge_exact(result.equal, len(result.ids)):
        found.append(exact)
    found += method_checks.judge(result.joined(), result.ids, task.hr_size, task.scale)
    left_out = {"equal_to_lr"} if _may_interpolate(name, prepared.spec.methods[name]) else set()
    first: dict[str, Finding] = {}
    for finding in found:  # the first finding of a check is the most certain
        first.setdefault(finding.check, finding)
    return [finding for check, finding in first.items() if check not in left_out]


def _may_interpolate(name: str, source: str) -> bool:
    """Whether a method may be an interpolation: it is code, or its file or folder is named after a kernel.

    Parent folders do not count: ``images:celeba_bicubic_x4/SR/codeformer``.
    """
    kind, _, path = source.partition(":")
    called = (Path(path).name, "" if name == source else name)
    kernels = (*equality.KERNELS, "interpol")
    return kind not in FILES or any(kernel in text.lower() for kernel in kernels for text in called)


def _of_data(prepared: Prepared, results: Mapping[str, MethodResults]) -> list[Finding]:
    measured = [result for name, result in results.items() if name != REFERENCE and "data_thumbnail" in result.measured]
    whole = [result for result in measured if "spectrum" in result.measured]
    of = max(whole or measured, key=lambda result: len(result.ids), default=None)
    found = data_checks.judge(of.joined(), of.ids) if of else []
    lr = results.get(LR)
    same = equality.judge_lr(lr.equal, len(lr.ids)) if lr else None
    return [*found, *([same] if same else []), *(_of_boxes(prepared, results[HR]) if HR in results else [])]


def _of_boxes(prepared: Prepared, hr: MethodResults) -> list[Finding]:
    """Findings about how the faces are framed, if a metric ran a detector."""
    keys = next((hr.features[name] for name in framing.DETECTORS if name in hr.features), [])
    parts = [stored_features(prepared.context.store, key) for key in keys]
    if not parts:
        return []
    box, confidence = (np.concatenate([part[name] for part in parts]) for name in ("box", "confidence"))
    return framing.judge(box, confidence, prepared.spec.the_task.hr_size)
