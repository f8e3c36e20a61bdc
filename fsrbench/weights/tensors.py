"""Read checkpoints of any origin without running code in them, and no larger in memory than on disk."""

from __future__ import annotations

import argparse
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from fsrbench.errors import Unavailable, one_line
from fsrbench.weights.lookup import find
from fsrbench.weights.state_dicts import NAME

MAX_INDEX: Final = 10_000
"""Largest layer number in a key: loaders build as many layers as the largest number says."""
HARMLESS: Final = (
    argparse.Namespace,
    np.ndarray,
    np.dtype,
    *((np.float64(0).__reduce__()[0], f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    *((np.zeros(1).__reduce__()[0], f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *(getattr(np.dtypes, name) for name in np.dtypes.__all__),
)
"""Types that training code stores beside the weights: settings and numpy's numbers. Building them runs no code."""
_GLOBAL: Final = re.compile(r"GLOBAL ([\w.]+)")


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a .pth or .safetensors file: tensors by name, or dictionaries of them.

    The format is recognised by the content, not by the file's name.

    Raises:
        Unavailable: the file is missing, damaged or not a checkpoint, holds code, or claims more than it holds.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be read: {error.strerror}") from None
    try:
        loaded = load_file(path) if head[8:9] == b"{" else _read_pickle(path)
    except Unavailable:
        raise
    except Exception as error:  # pickle, zipfile, safetensors and torch each raise their own
        raise Unavailable(f"{path.name} {_reason(error, head)}") from None
    if not isinstance(loaded, dict):
        raise Unavailable(f"{path.name} holds no tensors by name, but {type(loaded).__name__}")
    _check(loaded, path)
    return loaded


def _read_pickle(path: Path) -> Any:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
        if program := _program([entry.filename for entry in entries]):
            raise Unavailable(f"{path.name} {program}")
        # torch does not compress, so only a zip bomb unpacks to more than its size
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise Unavailable(f"{path.name} claims to unpack to more than it holds; no checkpoint does")
    with torch.serialization.safe_globals(list(HARMLESS)):
        return torch.load(path, map_location="cpu", weights_only=True)


def _program(names: list[str]) -> str | None:
    """What a zip is if it is not a checkpoint, by its entries: a program for torch, or an archive of checkpoints."""
    bare = {name.partition("/")[2] or name for name in names}
    if "constants.pkl" in bare or any(name.startswith("code/") for name in bare):
        return "is a TorchScript program and is not run; save its state_dict() alone and name that file"
    if "archive_format" in bare or any(name.endswith("model.json") for name in bare):
        return "is a program that torch.export saved and is not run; save the network's state_dict() and name that file"
    inside = [name for name in names if name.endswith((".pth", ".pt", ".ckpt", ".safetensors"))]
    if inside and "data.pkl" not in bare:
        return f"is a zip that holds {inside[0]}; unpack it and name that file"
    return None


def _reason(error: Exception, head: bytes) -> str:
    text = str(error)
    if found := _GLOBAL.search(text):
        return f"holds code ({found[1]}) and is not loaded; save its state_dict() alone and name that file"
    if "TorchScript" in text:
        return "is a TorchScript program and is not run; save its state_dict() alone and name that file"
    first = head.partition(b"\n")[0].decode("latin-1")
    if first.isprintable() and first.isascii() and first:
        return f"is not a checkpoint, but text that begins with {first[:40]!r}"
    return f"is not a checkpoint or is damaged: {one_line(error)[:200]}"


def _check(loaded: Mapping[str, Any], path: Path) -> None:
    """Reject tensors that would be larger in memory than the file."""
    size = path.stat().st_size
    for key, value in _entries(loaded):
        if isinstance(value, Tensor) and value.numel() * value.element_size() > size:
            raise Unavailable(f"{path.name} claims to hold more than it does: {key[:80]} is {tuple(value.shape)}")
        named = isinstance(value, Tensor) and NAME.fullmatch(key)
        if named and any(len(number) > 9 or int(number) > MAX_INDEX for number in re.findall(r"\d+", key)):
            raise Unavailable(f"{path.name} numbers its layers up to {key[:80]}; no network has so many")


def _entries(loaded: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys and values of a dictionary and of those in it, each once, however often it is referred to."""
    waiting, seen = [loaded], set()
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        for key, value in found.items():
            yield str(key), value
            if isinstance(value, dict):
                waiting.append(value)


def tensors_of(file: Path | io.BytesIO) -> dict[str, Tensor]:
    """The tensors of a checkpoint, read without running code in it."""
    state: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return state


def check_tensors(name: str, read: Callable[[Path], object] = tensors_of) -> None:
    """Check that a weight file holds nothing but tensors.

    Raises:
        Unavailable: it holds code or is damaged.
    """
    path = find(name)
    try:
        read(path)
    except Exception as error:  # pickle, zipfile and torch each raise their own
        raise Unavailable(f"{path} cannot be used: {one_line(error)}") from None
