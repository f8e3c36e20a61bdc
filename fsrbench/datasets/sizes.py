"""The task ``auto``: LR size and scale read from the data and from SR pictures made elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from fsrbench.datasets import Dataset, Picture, open_outputs
from fsrbench.errors import UserError
from fsrbench.pictures.decode import BadImage, stored_size
from fsrbench.tasks import TASKS, Task, find_task

Sizes = Counter[int]
"""Number of pictures by their shorter side in pixels."""
USUAL: Final = {task.hr_size: task for task in TASKS.values()}
"""The usual task for HR's side, if there is only HR."""


def task_of(data: Dataset, outputs: Sequence[Path]) -> Task:
    """Find the task from the sizes of pictures.

    Args:
        data: gives the sides of HR and LR.
        outputs: folders or zips of SR pictures, which give HR's side too.

    Raises:
        UserError: sizes differ, do not fit, or do not say the scale.
    """
    lr = _side("LR", _sizes(sample.lr for sample in data))
    hr = _side("HR", _sizes(sample.hr for sample in data))
    what = "HR"
    for path in outputs:
        sr = _side(f"SR of {path.name}", _sizes(sample.hr for sample in open_outputs(path)))
        if None not in (sr, hr) and sr != hr:
            raise UserError(f"--task auto: the pictures of {path.name} have {sr} px, HR or other SR {hr} px")
        what = what if hr else f"SR of {path.name}"
        hr = hr or sr
    return _task(lr, hr, what)


def _task(lr: int | None, hr: int | None, what: str) -> Task:
    """The task of two sides; ``what`` names the pictures with the second."""
    if lr is None and hr in USUAL:
        return USUAL[hr]
    if lr is None and hr is not None:
        raise UserError(
            f"--task auto: HR of {hr} px does not say how small LR is; give --task {hr}x1 (restoration), "
            f"{hr // 4}x4 or another LRxSCALE"
        )
    if hr is None and lr is not None:
        raise UserError(f"--task auto: LR of {lr} px does not say the scale; give --task {lr}x1, {lr}x4 or another")
    if lr is None or hr is None:
        raise UserError("--task auto: no picture can be read")
    if hr % lr:
        raise UserError(f"--task auto: {what} has {hr} px, not a multiple of LR's {lr} px; give --task LRxSCALE")
    return find_task(f"{lr}x{hr // lr}")


def _side(what: str, sizes: Sizes) -> int | None:
    """The common size; ``None`` without pictures.

    Raises:
        UserError: there are several.
    """
    if len(sizes) > 1:
        counts = ", ".join(f"{count} of {side} px" for side, count in sizes.most_common(4))
        more = f", and {len(sizes) - 4} more sizes" if len(sizes) > 4 else ""
        raise UserError(f"--task auto: {what} has several sizes: {counts}{more}; give --task LRxSCALE")
    return next(iter(sizes), None)


def _sizes(pictures: Iterable[Picture | None]) -> Sizes:
    """Sizes from the files' headers; unreadable files are skipped, as decoding reports them."""
    found: Sizes = Counter()
    for picture in pictures:
        if picture is None:
            continue
        try:
            found[min(stored_size(picture.read()))] += 1
        except (BadImage, OSError):
            continue
    return found
