"""Labels that come with a dataset, ``groups.csv`` beside the pictures, or that a user gives for it."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from fsrbench.datasets.base import Dataset
from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError, counted
from fsrbench.files.labels import GROUPS, LabelFile, Labels, parse_labels
from fsrbench.files.text import read_text


def read_groups(files: Files, root: str, ids: Collection[str], warnings: list[str]) -> Labels:
    """The labels of a dataset's ``groups.csv``, by column; empty if it has none.

    Args:
        files: of the dataset.
        root: the common outer folders of its pictures; the file is there or at the top.
        ids: of its images.
        warnings: receives a line about names that match no image.

    Raises:
        UserError: a malformed line, an image listed twice, or none of the data's images.
    """
    present = files.names()
    name = next((name for name in dict.fromkeys((root + GROUPS, GROUPS)) if name in present), None)
    if name is None:
        return {}
    try:
        text = io.TextIOWrapper(io.BytesIO(files.read(name)), encoding="utf-8-sig").read()
    except (OSError, ValueError) as error:
        raise UserError(f"{name} cannot be read: {error}") from None
    return _labels(parse_labels(text, name), ids, warnings)


def with_groups(dataset: Dataset, file: Path | None) -> Dataset:
    """Add a user's labels to a dataset; a column of the file replaces the dataset's column of that name.

    Raises:
        UserError: as :func:`read_groups`, or it cannot be read.
    """
    if file is None:
        return dataset
    warnings = list(dataset.warnings)
    labels = _labels(parse_labels(read_text(file), str(file)), {sample.id for sample in dataset}, warnings)
    return replace(dataset, labels={**dataset.labels, **labels}, warnings=tuple(warnings))


def _labels(file: LabelFile, ids: Collection[str], warnings: list[str]) -> Labels:
    labels, strays = file.of(ids)
    if strays:
        warnings.append(f"{file.where}: {counted(len(strays), 'line')} name no image that is used: {strays[0][:80]!r}")
    return labels
