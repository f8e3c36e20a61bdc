"""Weight files that hold code are refused, and the code does not run."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.metrics.extractors.base import EXTRACTORS


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.marker),)


def saved(value: object, **options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def zipped(data: bytes, name: str = "model.pth", into: bytes = b"") -> bytes:
    """A zip of one file, or another zip with that file added."""
    buffer = io.BytesIO(into)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


FILES: dict[str, Callable[[Path], bytes]] = {
    "today's format": lambda marker: saved({"weight": Trap(marker)}),
    "the old format": lambda marker: saved({"weight": Trap(marker)}, _use_new_zipfile_serialization=False),
    "a bare pickle": lambda marker: pickle.dumps(Trap(marker), protocol=2),
    "inside a zip": lambda marker: zipped(saved({"weight": Trap(marker)})),
    "beside harmless weights": lambda marker: zipped(saved({"weight": torch.zeros(1)}), into=saved(Trap(marker))),
}


@pytest.mark.parametrize("kind", ["today's format", "the old format"])
def test_the_trap_works(tmp_path, kind):
    torch.load(io.BytesIO(FILES[kind](tmp_path / "sprung")), weights_only=False)
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", ["inception", "retinaface", "facenet"])
def test_code_in_weights_does_not_run(tmp_path, name, kind):
    if name == "retinaface":
        pytest.importorskip("retinaface", reason="retinaface-pytorch is not installed")
        if kind == "beside harmless weights":
            pytest.skip("the harmless weights are the ones that are read")
    file, marker = tmp_path / "weights.bin", tmp_path / "sprung"
    file.write_bytes(FILES[kind](marker))
    with weights.override({name: file}), pytest.raises(Unavailable, match="cannot be used: ") as caught:
        EXTRACTORS.get(name)().check()
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04"], ids=["empty", "text", "half a zip"])
@pytest.mark.parametrize("name", ["inception", "retinaface", "facenet"])
def test_a_damaged_file_is_unavailable(tmp_path, name, content):
    if name == "retinaface":
        pytest.importorskip("retinaface", reason="retinaface-pytorch is not installed")
    (tmp_path / "weights.bin").write_bytes(content)
    with weights.override({name: tmp_path / "weights.bin"}), pytest.raises(Unavailable, match="cannot be used: "):
        EXTRACTORS.get(name)().check()
