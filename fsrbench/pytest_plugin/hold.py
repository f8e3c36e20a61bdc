"""Compare a model with a reference file, inside a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from fsrbench.api import evaluate
from fsrbench.errors import FsrbenchError, UserError, counted, unknown_name
from fsrbench.gate import reference as references
from fsrbench.gate import update
from fsrbench.gate.check import check
from fsrbench.gate.checked import RATIO
from fsrbench.gate.findings import Kind, Verdict
from fsrbench.gate.reference import HeldMethod, Reference
from fsrbench.gate.text import line
from fsrbench.pytest_plugin.properties import NOT_COMPARED, SUMMARY
from fsrbench.runs.data import RunData
from fsrbench.runs.names import BOUNDS
from fsrbench.spec import setting_types

if TYPE_CHECKING:
    from fsrbench.api import MethodLike

METRICS: Final = ("psnr", "ssim", "ms_ssim")
"""Of a new reference, unless the test names others."""
PLACE: Final = Path("this test")
"""The run's name in messages; its folder is temporary."""
WRITTEN: Final = pytest.StashKey[dict[Path, dict[str, str]]]()
"""References that this session has written: by file and method, the test that wrote it."""


class Gate:
    """Compares models with references; the fixture ``fsrbench_gate``.

    Args:
        request: of the test that uses it.
    """

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._config, self._node = request.config, request.node

    def __call__(self, model: MethodLike, name: str | None = None, **settings: Any) -> Verdict | None:
        """Run a model and compare it with its reference.

        Args:
            model: a method's name, a :class:`fsrbench.Method`, a network, or a function from LR to SR.
            name: its name in the reference; by default that of the only method there, or the model's own.
            **settings: ``reference``, the file, relative to the suite's root; ``data``, ``metrics``, ``limit`` and
                others of :func:`fsrbench.evaluate`, by default as in the reference. They override the marker's.

        Returns:
            The verdict; ``None`` if the reference was updated.

        Raises:
            pytest.fail.Exception: the model regressed, with the findings; or it cannot be compared, with the reason.
        """
        __tracebackhide__ = True
        reason, text, verdict = "", "", None
        try:
            text, verdict = self._held(model, name, settings)
        except FsrbenchError as error:
            reason = "; ".join(str(error).splitlines())
        if reason:  # not within the block above: pytest would show both errors
            self._node.user_properties += [(NOT_COMPARED, reason), (SUMMARY, f"cannot be compared: {reason}")]
            pytest.fail(f"cannot be compared: {reason}", pytrace=False)
        self._node.user_properties.append((SUMMARY, text.splitlines()[0]))
        if verdict is not None and verdict.red:
            pytest.fail(text, pytrace=False)
        return verdict

    def _held(self, model: MethodLike, name: str | None, given: Mapping[str, Any]) -> tuple[str, Verdict | None]:
        settings = {**self._marked(), **given}
        path = self._path(settings.pop("reference", None))
        for setting in settings:
            if setting not in setting_types():
                raise UserError(unknown_name("setting", setting, [*setting_types(), "reference"]))
        shown = path.relative_to(self._config.rootpath) if path.is_relative_to(self._config.rootpath) else path
        updating = self._config.getoption("--fsrbench-update")
        if not path.exists() and not updating:
            raise UserError(f"{shown} does not exist; `pytest --fsrbench-update` makes it")
        if updating and hasattr(self._config, "workerinput"):
            raise UserError("--fsrbench-update writes from one process only: add -n 0")
        held = references.read(path) if path.exists() else None
        if updating:
            name = name or self._name_to_write(model, held, path, shown)
            run = _run(model, name, {"metrics": METRICS, "device": "cpu", **settings})
            changes = _update(replace(run, path=PLACE), held, path)
            self._written(path)[name] = self._node.nodeid
            done = f"{shown} {'updated' if held else 'made'}: {counted(len(changes), 'change')}"
            return "\n".join([done, *changes]), None
        assert held is not None
        name = name or _only_method(held) or _called(model)
        part = _part(held, name, settings.get("metrics"), shown)
        run = _run(model, name, _settings(part, name) | settings)
        verdict = check(replace(run, path=PLACE), part, shown)
        return _in_words(verdict, name), verdict

    def _written(self, path: Path) -> dict[str, str]:
        return self._config.stash.setdefault(WRITTEN, {}).setdefault(path.resolve(), {})

    def _name_to_write(self, model: MethodLike, held: Reference | None, path: Path, shown: Path) -> str:
        """The reference's only method, unless this session wrote another model there; else the model's own name.

        Raises:
            UserError: another model of this session has that name.
        """
        node, written = self._node.nodeid, self._written(path)
        # Tests that differ only in their parameters are of one model
        others = {name for name, test in written.items() if test == node or _function(test) != _function(node)}
        name = (None if others else _only_method(held)) or _called(model)
        if name in others:
            raise UserError(f"{shown} has {name} from {written[name]}; name this model: fsrbench_gate(model, name=...)")
        return name

    def _marked(self) -> dict[str, Any]:
        """The settings of the test's markers; the nearest wins."""
        marks = reversed(list(self._node.iter_markers("fsrbench")))
        found: dict[str, Any] = {}
        for mark in marks:
            if mark.args:
                raise UserError("the marker fsrbench takes names: fsrbench(reference=FILE, limit=24)")
            found |= mark.kwargs
        return found

    def _path(self, reference: str | Path | None) -> Path:
        chosen = (
            reference or self._config.getoption("--fsrbench-reference") or self._config.getini("fsrbench_reference")
        )
        if not chosen:
            raise UserError("no reference: fsrbench_gate(model, reference=FILE), the marker or --fsrbench-reference")
        return Path(self._config.rootpath / chosen)


def _run(model: MethodLike, name: str, settings: Mapping[str, Any]) -> RunData:
    return evaluate({name: model}, progress=False, **settings)


def _function(test: str) -> str:
    """The id of a test without its parameters."""
    return test.partition("[")[0]


def _called(model: MethodLike) -> str:
    """A name for a model without one."""
    if isinstance(model, str):
        return model.partition("=")[0]
    name = str(getattr(model, "__name__", type(model).__name__))
    return name if name.isidentifier() else "model"


def _only_method(held: Reference | None) -> str | None:
    names = [name for name in held.methods if name not in BOUNDS] if held else []
    return names[0] if len(names) == 1 else None


def _part(held: Reference, name: str, metrics: Any, path: Path) -> Reference:
    """The part of a reference on one method, without times, which need a base."""
    if name not in held.methods:
        raise UserError(f"{path} has no method {name}; it has {', '.join(sorted(held.methods))}")
    rows = {row: held.methods[row] for row in (name, *BOUNDS) if row in held.methods}
    kept = {
        row: HeldMethod(
            weights_sha256=method.weights_sha256,
            metrics={
                metric: number
                for metric, number in method.metrics.items()
                if not number.unit.startswith(RATIO) and (metrics is None or metric in metrics)
            },
        )
        for row, method in rows.items()
    }
    if not kept[name].metrics:
        raise UserError(f"{path} has none of these metrics of {name}: {', '.join(held.methods[name].metrics)}")
    setup = held.setup.model_copy(update={"timing_base": None})
    return held.model_copy(update={"methods": {row: m for row, m in kept.items() if m.metrics}, "setup": setup})


def _settings(held: Reference, name: str) -> dict[str, Any]:
    """How the reference's run was made, as far as the file says."""
    setup = held.setup
    found = {"metrics": tuple(held.methods[name].metrics), "limit": setup.dataset.n, "task": setup.task}
    found |= {"seed": setup.seed, "device": setup.device}
    return found if setup.degradation.name == "none" else found | {"degradation": setup.degradation.name}


def _in_words(verdict: Verdict, name: str) -> str:
    """The verdict, the findings that matter, the notes and what to do."""
    shown = [line(finding) for finding in verdict.findings if finding.kind not in (Kind.HOLDS, Kind.SKIPPED)]
    lines = [f"{name} {verdict.summary()} ({verdict.reference})", *shown, *(f"note: {note}" for note in verdict.notes)]
    if verdict.red:
        lines.append("if this is intended: pytest --fsrbench-update")
    return "\n".join(lines)


def _update(run: RunData, before: Reference | None, path: Path) -> list[str]:
    """Write the run as the reference, keep other methods measured on the same images, and return the changes."""
    after = _beside(update.make(run, before), before)
    references.write(after, path)
    return update.changes(before, after)


def _beside(after: Reference, before: Reference | None) -> Reference:
    if before is None or before.images != after.images or before.setup.dataset.sha256 != after.setup.dataset.sha256:
        return after
    same = ("task", "degradation", "seed", "reference_set", "device")
    if any(getattr(before.setup, part) != getattr(after.setup, part) for part in same):
        return after
    setup = after.setup.model_copy(
        update={
            "metrics": before.setup.metrics | after.setup.metrics,
            "metric_weights": before.setup.metric_weights | after.setup.metric_weights,
            "timing_base": before.setup.timing_base,
        }
    )
    scores = {
        metric: before.scores.get(metric, {}) | after.scores.get(metric, {})
        for metric in before.scores.keys() | after.scores.keys()
    }
    changed = {"methods": before.methods | after.methods, "scores": scores, "rows": before.rows | after.rows}
    return Reference.model_validate({**after.model_dump(), **_dumped(changed), "setup": setup.model_dump()})


def _dumped(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Parts of a reference as plain values, sorted as the file is."""
    methods = {name: method.model_dump() for name, method in sorted(parts["methods"].items())}
    scores = {metric: dict(sorted(rows.items())) for metric, rows in sorted(parts["scores"].items())}
    return {"methods": methods, "scores": scores, "rows": dict(sorted(parts["rows"].items()))}
