"""Weight files that are bombs, broken, of another network or code in disguise."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from made.hostile.cases import INTACT, Case, faces, people, run_on

SPRUNG = "sprung"
"""The folder that code in a weight file makes where it is run."""
MODULE = '''
import os
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import interpolate

from fsrbench.methods.names import Method


class FromFile(Method):
    """A small network, its weights from the file that the environment names."""

    def load(self, task, device):
        self.load_network(nn.Conv2d(3, 3, 1), Path(os.environ["MADE_WEIGHTS"]), device)

    def upscale(self, lr):
        return interpolate(self.network(lr).clamp(0, 1), scale_factor=4)
'''
"""A module ``made_from_file`` with a method whose weights are bad."""
METHOD = "python:made_from_file:FromFile"
FITTING = {"weight": torch.eye(3).reshape(3, 3, 1, 1), "bias": torch.zeros(3)}


class Trap:
    """Makes a folder when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (SPRUNG,)


def saved(value: object, **options: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def header(text: bytes, length: int | None = None, data: bytes = b"") -> bytes:
    """A safetensors file with this header."""
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(kind: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def tensors(**entries: dict[str, object]) -> bytes:
    return header(json.dumps(entries).encode(), data=bytes(48))


def of_method(content: bytes | None) -> Callable[[Path], list[object]]:
    """A run of a method with this weight file beside a good one."""

    def make(folder: Path) -> list[object]:
        path = folder / "weights.safetensors"
        if content is not None:
            path.write_bytes(content)
        os.environ["MADE_WEIGHTS"] = str(path)
        return run_on(faces(folder), methods=f"bicubic,{METHOD}")

    return make


def of_metric(weight: str, metric: str, content: bytes, *options: str) -> Callable[[Path], list[object]]:
    """A run with a metric that reads this weight file."""

    def make(folder: Path) -> list[object]:
        (folder / "weights.bin").write_bytes(content)
        flags = ["--metrics", f"psnr,{metric}", "--weights", f"{weight}={folder / 'weights.bin'}", *options]
        return run_on(people(folder, 10), *flags)

    return make


def of_training(content: bytes, *flags: str) -> Callable[[Path], list[object]]:
    """A training that starts from this weight file."""

    def make(folder: Path) -> list[object]:
        (folder / "init.safetensors").write_bytes(content)
        (folder / "settings.yaml").write_text(f"init: {folder / 'init.safetensors'}\n")
        flags = ["--data", people(folder), "--device", "cpu", "--out", folder / "out"]
        return ["train", "scgan", *map(str, flags), "--config", folder / "settings.yaml"]

    return make


def numpy_file(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model.pth", data)
    return buffer.getvalue()


NO_FIT = f"{METHOD} is unavailable: weights.safetensors does not fit the network"
ARCFACE = ("arcface", "verification", "--descriptor", "arcface")


def arcface(content: bytes) -> Callable[[Path], list[object]]:
    weight, metric, *options = ARCFACE
    return of_metric(weight, metric, content, *options)


def method(name: str, content: bytes | None, says: str = NO_FIT, code: int = 0) -> Case:
    return Case(name, of_method(content), says, code, INTACT)


WEIGHTS = [
    method("weights-missing", None, "no weights: weights.safetensors does not exist"),
    method("weights-empty", b""),
    method("weights-text", b"version https://git-lfs.github.com/spec/v1\n"),
    method("weights-cut-in-header", save(FITTING)[:40]),
    method("weights-cut-in-data", save(FITTING)[:-8]),
    method("weights-header-of-10-to-the-18", header(b"{}", 10**18)),
    method("weights-header-negative", header(b"{}", 2**64 - 1)),
    method("weights-header-no-json", header(b"{weights}")),
    method("weights-header-deep", header(b'{"a":' * 50_000)),
    method("weights-wrong-shapes", save(FITTING | {"weight": torch.zeros(64, 3, 9, 9)})),
    method("weights-shape-without-end", tensors(weight=entry("F32", [2**31, 2**31, 2**31], 0, 48))),
    method("weights-overlapping", tensors(weight=entry("F32", [3, 3, 1, 1], 0, 36), bias=entry("F32", [3], 0, 12))),
    method(
        "weights-outside", tensors(weight=entry("F32", [3, 3, 1, 1], 0, 36), bias=entry("F32", [3], 10**9, 10**9 + 12))
    ),
    method("weights-missing-key", save({"weight": FITTING["weight"]})),
    method("weights-extra-key", save(FITTING | {"more": torch.zeros(1)})),
    method("weights-pickle", pickle.dumps(Trap(), protocol=2)),
    method("weights-torch-pickle", saved({"weight": Trap()})),
    method("weights-nan", save({k: v * torch.nan for k, v in FITTING.items()}), "returned NaN or infinite values", 1),
    method(
        "weights-endless", save({k: v + torch.inf for k, v in FITTING.items()}), "returned NaN or infinite values", 1
    ),
    Case("onnx-garbage", arcface(bytes(range(256)) * 4), "verification is unavailable: .*cannot be used", 0),
    Case("onnx-empty", arcface(b""), "verification is unavailable: .*cannot be used", 0),
    Case("onnx-pickle", arcface(pickle.dumps(Trap(), protocol=2)), "verification is unavailable: .*cannot be used", 0),
    Case(
        "facenet-code",
        of_metric("facenet", "verification", saved(Trap()), "--descriptor", "facenet"),
        "is unavailable: .*cannot be used",
        0,
    ),
    Case("inception-code", of_metric("inception", "fid", saved({"w": Trap()})), "fid is ", 0),
    Case(
        "niqe-code",
        of_metric("niqe", "niqe", numpy_file(mu_pris_param=np.array([Trap()], dtype=object))),
        "niqe is unavailable: .*cannot be used: ValueError",
        0,
    ),
    Case("niqe-garbage", of_metric("niqe", "niqe", b"no numbers"), "niqe is unavailable: .*cannot be used", 0),
    Case("init-code", of_training(saved({"weight": Trap()})), "init.safetensors cannot be loaded"),
    Case("init-header-of-10-to-the-18", of_training(header(b"{}", 10**18)), "init.safetensors cannot be loaded"),
    Case("init-wrong-shapes", of_training(save(FITTING)), "init.safetensors cannot be loaded"),
]
