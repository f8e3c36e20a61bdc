"""Datasets by name or path. To add one: a function that returns a Dataset, and its line in BUILTIN in ``base``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fsrbench.datasets import prepared
from fsrbench.datasets.base import DATASETS, Dataset, Picture, Sample
from fsrbench.datasets.layout import read_layout, read_outputs
from fsrbench.datasets.storage import FolderFiles, ZipFiles
from fsrbench.errors import EndedProgram, FsrbenchError, UserError, one_line, unknown_name
from fsrbench.process.containment import contained
from fsrbench.provenance import fingerprints

__all__ = ["DATASETS", "Dataset", "FolderFiles", "Picture", "Sample", "open_dataset", "open_outputs"]


def open_dataset(source: str) -> Dataset:
    """Open a dataset by name (built in, a plug-in's, or imported), or a folder or zip.

    Raises:
        UserError: no such dataset, or nothing usable in it.
    """
    if source in DATASETS:
        return _named(source)
    if imported := prepared.find(source):
        return replace(read_layout(str(imported), FolderFiles(imported)), name=source)
    try:
        path = Path(source).expanduser()
        if source and path.is_dir():
            return read_layout(str(path), FolderFiles(path.absolute()))
        if path.is_file():
            return read_layout(str(path), ZipFiles(path.absolute()), archive=True)
    except (OSError, RuntimeError) as error:  # a name that is too long, an unknown ~user
        raise UserError(f"cannot open {source}: {one_line(error)}") from None
    if "/" in source or path.suffix:
        raise UserError(f"{source} does not exist")
    unknown = unknown_name("dataset", source, [*DATASETS.names(), *prepared.names()])
    raise UserError(f"{unknown}; and no folder or zip of that name")


def plugin_files(source: str) -> frozenset[Path] | None:
    """Source files of the plug-in that makes a dataset, none for other datasets; ``None`` for code without a file."""
    code = fingerprints.code_of([DATASETS.get(source)] if source in DATASETS else [])
    return code.files if code.known else None


def open_outputs(path: Path) -> Dataset:
    """Open a folder or zip of SR pictures; they are the ``hr`` of the samples.

    Raises:
        UserError: no pictures, or several candidate folders.
    """
    try:
        if not path.exists():
            raise UserError(f"{path} does not exist")
        folder = path.is_dir()
        files = FolderFiles(path.absolute()) if folder else ZipFiles(path.absolute())
        return read_outputs(str(path), files, archive=not folder)
    except (OSError, RuntimeError) as error:
        raise UserError(f"cannot open {path}: {one_line(error)}") from None


def _named(name: str) -> Dataset:
    make = DATASETS.get(name)
    try:
        with contained():
            dataset = make()
    except Exception as error:  # a plug-in's code may raise anything
        if isinstance(error, FsrbenchError) and not isinstance(error, EndedProgram):
            raise
        raise UserError(f"dataset {name} cannot be opened: {one_line(error)}") from error
    if not isinstance(dataset, Dataset):
        raise UserError(f"dataset {name} returns {type(dataset).__name__}, not a fsrbench.datasets.Dataset")
    return dataset
