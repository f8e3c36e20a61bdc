"""A protocol among a run's settings: what it sets, and what contradicts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fsrbench.errors import UserError
from fsrbench.protocols.record import Record, find, names
from fsrbench.spec import WrongSetting
from fsrbench.tasks import AUTO, find_task


def with_protocol(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run with those of its protocol: task and metrics, and the degradation unless that is given.

    Args:
        values: the given settings, without defaults.

    Raises:
        UserError: no such protocol, or settings that contradict it (:class:`fsrbench.spec.WrongSetting`).

    Example:
        >>> made = with_protocol({"methods": ["bicubic"], "protocol": "fsrbench-x8"})
        >>> made["task"], made["degradation"], made["metrics"][:2]
        ('x8', 'bicubic', ['psnr', 'ssim'])
    """
    if values.get("protocol") is None:
        return dict(values)
    record = _find(str(values["protocol"]))
    if "metrics" in values:
        reason = f"protocol {record.id} sets them; give --protocol or --metrics, which can name "
        raise WrongSetting("metrics", f"{reason}single ones: --metrics {record.metric_names[0]}")
    task = values.get("task", record.tasks[0])
    if task != AUTO:
        check_task_of(record, task)
    made = {"task": task, "metrics": list(record.metric_names)}
    if record.lr.degradation is not None:
        made["degradation"] = record.lr.degradation
    name = record.id if record.id in names() else str(Path(values["protocol"]).expanduser().absolute())
    return made | dict(values) | {"protocol": name}


def task_and_protocol(protocol: str, task: str | None) -> tuple[str, str]:
    """The task to use under a protocol, by default its first one, and the protocol's label.

    Raises:
        UserError: no such protocol, or it is not for the task (:class:`fsrbench.spec.WrongSetting`).

    Example:
        >>> task_and_protocol("vqfr", None)
        ('512x1', 'vqfr 1')
    """
    record = _find(protocol)
    if task is not None:
        check_task_of(record, task)
    return task or record.tasks[0], record.label


def check_task_of(record: Record, task: str) -> None:
    """Refuse a task that the protocol is not for.

    Raises:
        WrongSetting: the protocol is not for this task, or there is no such task.
    """
    try:
        known = find_task(task).name
    except UserError as error:
        raise WrongSetting("task", str(error)) from None
    if known not in record.tasks:
        raise WrongSetting("task", f"protocol {record.id} is for {' or '.join(record.tasks)}, not {task}")


def _find(name: str) -> Record:
    try:
        return find(name)
    except UserError as error:
        raise WrongSetting("protocol", str(error)) from None


def check_data_of(record: Record, name: str, sha256: str) -> None:
    """Refuse data whose hash is not the record's, if it has one.

    Raises:
        WrongSetting: the hashes differ.
    """
    expected = record.lr.sha256
    if expected is not None and sha256 != expected:
        reason = f"{name} is not the data of protocol {record.id} (sha256 {sha256[:12]}, not {expected[:12]})"
        raise WrongSetting("data", reason)
