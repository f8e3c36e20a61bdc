"""Check that everything a specification names exists, before any run of an experiment begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from fsrbench.datasets import open_dataset
from fsrbench.datasets.groups import with_groups
from fsrbench.datasets.pairs import read_pairs
from fsrbench.degradations.recipes import check_task, find_degradation
from fsrbench.errors import UserError
from fsrbench.experiment.config import NamedRun
from fsrbench.experiment.settings import problem
from fsrbench.files.text import Yaml
from fsrbench.machine.devices import find_device
from fsrbench.methods.names import check_method
from fsrbench.metrics.reference_statistics import is_statistics, open_statistics
from fsrbench.protocols.build import resolve
from fsrbench.spec import RunSpec
from fsrbench.tasks import AUTO


def check(file: Yaml, run: NamedRun) -> None:
    """Check a run's methods, metrics, data and files.

    Raises:
        UserError: something that it names does not exist; the message names the line.
    """
    for name, check_setting in CHECKS.items():
        try:
            check_setting(run.spec)
        except UserError as error:
            if name not in run.settings:
                raise
            raise problem(file, run.settings[name], name, str(error)) from None


def _methods(spec: RunSpec) -> None:
    for name, source in spec.methods.items():
        check_method(source, spec.isolate, name)


def _ratio_to(spec: RunSpec) -> None:
    if spec.ratio_to is not None and spec.ratio_to not in spec.methods:
        raise UserError(f"{spec.ratio_to} is not one of the methods")


def _task(spec: RunSpec) -> None:
    if spec.task != AUTO and not all(sample.lr for sample in open_dataset(spec.data)):
        check_task(find_degradation(spec.degradation), spec.the_task)


def _reference(spec: RunSpec) -> None:
    if spec.reference is not None:
        (open_statistics if is_statistics(spec.reference) else open_dataset)(spec.reference)


def _pairs(spec: RunSpec) -> None:
    if spec.pairs is not None:
        read_pairs(spec.pairs)


CHECKS: Final[Mapping[str, Callable[[RunSpec], object]]] = {
    "device": lambda spec: find_device(spec.device),
    "metrics": lambda spec: resolve(spec.metrics, spec.protocol),
    "methods": _methods,
    "ratio_to": _ratio_to,
    "degradation": lambda spec: find_degradation(spec.degradation),
    "data": lambda spec: open_dataset(spec.data),
    "task": _task,
    "reference": _reference,
    "pairs": _pairs,
    "groups": lambda spec: with_groups(open_dataset(spec.data), spec.groups),
}
"""By the setting that a message names."""
