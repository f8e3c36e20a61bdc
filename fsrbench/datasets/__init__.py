"""Datasets by name or path. To add one: write a function that returns a Dataset, add its line to BUILTIN."""

from __future__ import annotations

from pathlib import Path

from fsrbench.datasets.base import Dataset, Picture, Sample
from fsrbench.datasets.files import FolderFiles, ZipFiles
from fsrbench.datasets.layout import read_layout
from fsrbench.errors import UserError
from fsrbench.registry import Registry

__all__ = ["DATASETS", "Dataset", "Picture", "Sample", "open_dataset"]

BUILTIN = {
    "sample": "fsrbench.datasets.sample:sample",
}
DATASETS = Registry("dataset", BUILTIN, group="fsrbench.datasets")


def open_dataset(source: str) -> Dataset:
    """The dataset behind a name, a folder or a zip.

    Raises:
        UserError: no such dataset, nothing usable in it.
    """
    path = Path(source).expanduser()
    if source in DATASETS:
        dataset = DATASETS.get(source)()
        assert isinstance(dataset, Dataset)
        return dataset
    if path.is_dir():
        return read_layout(str(path), FolderFiles(path))
    if path.is_file():
        return read_layout(str(path), ZipFiles(path))
    if "/" in source or path.suffix:
        raise UserError(f"{source} does not exist")
    raise UserError(f"{DATASETS.unknown(source)}; and no folder or zip of that name")
