"""Checkpoints and ONNX files from elsewhere: code, bombs, other files under their name, broken networks."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from made.checkpoints import random_tensors
from made.hostile.bad_weights import FITTING, Trap, entry, header, saved, tensors
from made.hostile.cases import INTACT, Case, faces, run_on
from made.networks import save_enlarging_onnx, save_pooling_onnx

COMPACT = random_tensors(
    {
        "body.0.weight": (8, 3, 3, 3), "body.0.bias": (8,), "body.1.weight": (8,), "body.2.weight": (48, 8, 3, 3),
        "body.2.bias": (48,),
    }
)  # fmt: skip
"""A network of two layers, of an architecture that is known by its keys."""


def of_file(name: str, content: bytes) -> Callable[[Path], list[object]]:
    """A run of a file as a method, beside a good method."""

    def make(folder: Path) -> list[object]:
        (folder / name).write_bytes(content)
        kind = "onnx" if name.endswith(".onnx") else "checkpoint"
        return run_on(faces(folder), methods=f"bicubic,{kind}:{folder / name}")

    return make


def model(name: str, file: str, content: bytes, says: str, code: int = 0) -> Case:
    return Case(name, of_file(file, content), says, code, INTACT)


def packed(content: bytes, claimed: int = 1) -> bytes:
    """A zip in torch's form whose one tensor is compressed ``claimed`` times over."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/data/0", bytes(claimed))
    return buffer.getvalue()


def onnx_file(save_onnx: Callable[..., Path], **options: object) -> Callable[[Path], list[object]]:
    def make(folder: Path) -> list[object]:
        path = save_onnx(folder / "model.onnx", **options)
        return run_on(faces(folder), methods=f"bicubic,onnx:{path}")

    return make


def nested(depth: int) -> dict[str, object]:
    """A dictionary of dictionaries that all refer to the same two: small on disk, endless to walk."""
    inner: dict[str, object] = {"weight": torch.zeros(1)}
    for _ in range(depth):
        inner = {"a": inner, "b": inner, "c": inner}
    return inner


HTML = b"<!DOCTYPE html>\n<html><head><title>Too many requests</title></head></html>\n"
UNKNOWN = "is unavailable: model.pth holds weights of an unknown architecture"
CODE = r"is unavailable: model.pth holds code \((posix|nt).mkdir\) and is not loaded; save its state_dict\(\) alone"

MODELS = [
    model("model-code", "model.pth", saved(Trap()), CODE),
    model("model-code-among-tensors", "model.pth", saved({**COMPACT, "w": Trap()}), CODE),
    model("model-code-legacy", "model.pth", saved(Trap(), _use_new_zipfile_serialization=False), CODE),
    model("model-code-bare-pickle", "model.pth", pickle.dumps(Trap(), protocol=2), CODE),
    model(
        "model-whole-module", "model.pth", saved(torch.nn.Conv2d(3, 3, 1)),
        r"model.pth holds code \(torch.nn.modules.conv.Conv2d\) and is not loaded",
    ),
    model("model-html", "model.pth", HTML, r"is not a checkpoint, but text that begins with '<!DOCTYPE html>'"),
    model("model-lfs", "model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "begins with 'version"),
    model("model-empty", "model.pth", b"", "model.pth is not a checkpoint or is damaged"),
    model("model-cut", "model.pth", saved(COMPACT)[:-2000], "model.pth is not a checkpoint or is damaged"),
    model("model-cut-safetensors", "model.safetensors", save(COMPACT)[:-8], "is not a checkpoint or is damaged"),
    model("model-noise", "model.pth", np.random.RandomState(0).bytes(4096), "is not a checkpoint or is damaged"),
    model("model-list", "model.pth", saved([1, 2]), "model.pth holds no tensors by name, but list"),
    model("model-tensor", "model.pth", saved(torch.zeros(3)), "model.pth holds no tensors by name, but Tensor"),
    model("model-no-tensors", "model.pth", saved({"a": 1, 7: "b"}), UNKNOWN),
    model("model-unknown", "model.pth", saved(FITTING), UNKNOWN),
    model("model-nested", "model.pth", saved(nested(40)), UNKNOWN),
    model(
        "model-bomb", "model.pth", packed(pickle.dumps({}), 2**26),
        "model.pth claims to unpack to more than it holds; no checkpoint does",
    ),
    model(
        "model-expanded", "model.pth", saved({**COMPACT, "body.2.weight": torch.zeros(1).expand(2**20, 2**20, 3, 3)}),
        r"model.pth claims to hold more than it does: body.2.weight is \(1048576,",
    ),
    model(
        "model-endless-layers", "model.pth", saved({**COMPACT, "body.99999999.weight": torch.zeros(1)}),
        "model.pth numbers its layers up to body.99999999.weight; no network has so many",
    ),
    model(
        "model-shape-without-end", "model.safetensors", tensors(weight=entry("F32", [2**31, 2**31], 0, 48)),
        "is not a checkpoint or is damaged",
    ),
    model("model-header-of-10-to-the-18", "model.safetensors", header(b"{}", 10**18), "not a checkpoint or is damaged"),
    model(
        "model-wrong-shapes", "model.pth", saved(COMPACT | {"body.0.bias": torch.zeros(5)}),
        "model.pth: its weights do not fit the network that they seem to belong to: RuntimeError",
    ),
    model(
        "model-nan", "model.pth", saved({k: v * torch.nan for k, v in COMPACT.items()}),
        "failed on 2 images; good1: returned NaN or infinite values", 1,
    ),
    model("model-onnx-noise", "model.onnx", bytes(range(256)) * 4, "is unavailable: model.onnx cannot be used"),
    model("model-onnx-empty", "model.onnx", b"", "is unavailable: model.onnx cannot be used"),
    model("model-onnx-html", "model.onnx", HTML, "is unavailable: model.onnx cannot be used"),
    model("model-onnx-pickle", "model.onnx", pickle.dumps(Trap(), protocol=2), "model.onnx cannot be used"),
    Case("model-onnx-of-no-pictures", onnx_file(save_pooling_onnx), "is unavailable: model.onnx gives", 0, INTACT),
    Case("model-onnx-grey", onnx_file(save_enlarging_onnx, channels=1), "takes x .*, not float", 0, INTACT),
    Case(
        "model-onnx-nan", onnx_file(save_enlarging_onnx, gain=float("nan")),
        "failed on 2 images; good1: returned NaN or infinite values", 1, INTACT,
    ),
    Case(
        "model-onnx-of-another-range", onnx_file(save_enlarging_onnx, gain=255.0),
        "failed on 2 images; good1: ", 1, INTACT,
    ),
    Case(
        "model-missing",
        lambda folder: run_on(faces(folder), methods=f"bicubic,checkpoint:{folder / 'gone.pth'}"),
        "gone.pth: no such file",
    ),
    Case(
        "model-folder",
        lambda folder: run_on(faces(folder), methods=f"bicubic,checkpoint:{folder}"),
        "a folder, not a file",
    ),
]  # fmt: skip
