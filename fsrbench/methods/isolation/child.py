"""The process of an isolated method, and the protocol between it and the run: JSON and the bytes of tensors.

Nothing is unpickled, so a method's messages run no code in the run's process.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import psutil
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import FsrbenchError, Unavailable, UserError
from fsrbench.machine.offline import no_connections
from fsrbench.methods.base import Method
from fsrbench.methods.isolation.fork_server import Surroundings
from fsrbench.methods.names import find_method, load_method
from fsrbench.methods.timing import EFFORTS, Readings, measure
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise
from fsrbench.tasks import find_task

MOST_BYTES: Final = 2**28
"""Most bytes of a tensor or message; of a larger tensor only the shape is sent."""
SIZES: Final = ("params", "flops", "peak_memory")
"""Metrics measured for isolated methods too: isolation does not change their numbers."""


@dataclass(frozen=True)
class Setting:
    """What the process is started with."""

    name: str
    """Name of the method."""
    task: str
    device: str
    threads: int
    seed: int
    offline: bool
    weights: Mapping[str, Path]
    """Weight files that the user named, by weight name."""
    parent: int
    """Id of the run's process; when that ends, so does this one."""
    surroundings: Surroundings


def send(connection: Connection, head: Mapping[str, Any], tensor: Tensor | None = None) -> None:
    """Send a message, and a tensor with it."""
    if tensor is None:
        connection.send_bytes(json.dumps(head).encode())
        return
    meta = {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape)}
    whole = tensor.numel() * tensor.element_size() <= MOST_BYTES
    connection.send_bytes(json.dumps({**head, "tensor": meta, "whole": whole}).encode())
    if whole:
        connection.send_bytes(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())


def receive(connection: Connection) -> tuple[dict[str, Any], Tensor | None]:
    """Receive what :func:`send` sent; a tensor that is too large comes as an empty one of its shape.

    Raises:
        EOFError: the other process has ended.
        OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError: not a message of :func:`send`.
    """
    head = json.loads(connection.recv_bytes(MOST_BYTES))
    meta = head.get("tensor")
    if meta is None:
        return head, None
    dtype = getattr(torch, meta["dtype"])
    if not head["whole"]:
        return head, torch.empty(meta["shape"], dtype=dtype, device="meta")
    data = bytearray(connection.recv_bytes(MOST_BYTES))
    flat = torch.frombuffer(data, dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
    return head, flat.view(dtype).reshape(meta["shape"])


def serve(connection: Connection, setting: Setting) -> None:
    """Load the method and answer the run's requests until it closes the connection."""
    if hasattr(os, "setsid"):
        os.setsid()  # processes that the method starts end with it, and Ctrl-C reaches only the run
    setting.surroundings.take()
    os.dup2(2, 1)  # standard output is reserved for the table
    threading.Thread(target=_follow, args=(setting.parent,), daemon=True).start()
    torch.set_num_threads(setting.threads)
    with suppress(OSError):  # the run was interrupted; receiving its first request says so
        send(connection, {"ready": True})
    with ExitStack() as around:
        if setting.offline:
            around.enter_context(no_connections())
        around.enter_context(weights.override(setting.weights))
        _serve(connection, setting)


def _serve(connection: Connection, setting: Setting) -> None:
    method: Method | None = None
    changed: set[str] = set()
    seed = setting.seed
    standardise(seed)
    while True:
        try:
            head, tensor = receive(connection)
        except (EOFError, OSError):
            return
        try:
            if head["do"] == "load":
                method = _load(setting, changed)
                send(connection, _facts(method, changed))
            elif method is not None and head["do"] == "describe":
                send(connection, _facts(method, changed))
            elif method is not None and tensor is not None:
                if (requested := head.get("seed", seed)) != seed:
                    seed = requested
                    standardise(seed)
                _answer(connection, method, head, tensor.to(setting.device))
        except BaseException as error:  # a method's code may raise anything, SystemExit too
            send(connection, _as_message(error))


def _load(setting: Setting, changed: set[str]) -> Method:
    find_method(setting.name)  # first, because an error in the name is unusable input
    try:
        return load_method(setting.name, find_task(setting.task), torch.device(setting.device), changed)
    except UserError as error:
        raise FsrbenchError(str(error)) from error


def _facts(method: Method, changed: set[str]) -> dict[str, Any]:
    """What the run's process needs to know about the method."""
    return {
        "description": method.description,
        "training": str(method.training),
        "weight_names": list(method.weight_names),
        "weights": [str(file) for file in method.weight_files()],
        "fingerprint": method.fingerprint(),
        "known": method.is_known(),
        "depends_only_on_files": method.depends_only_on_files(),
        "files": [str(file) for file in method.files()],
        "changed": sorted(changed),
    }


def _answer(connection: Connection, method: Method, head: Mapping[str, Any], lr: Tensor) -> None:
    if head["do"] == "upscale":
        changed: set[str] = set()
        with torch.inference_mode(), contained(changed):
            sr: Any = method.upscale_named(lr, head["ids"]) if "ids" in head else method.upscale(lr)
        if isinstance(sr, Tensor):
            send(connection, {"changed": sorted(changed)}, sr)
        else:
            send(connection, {"type": type(sr).__name__, "changed": sorted(changed)})
        return
    wanted = [name for name in head["wanted"] if name in SIZES]
    found = measure({"it": method}, lr, lr.device, wanted, EFFORTS["quick"])["it"]
    if not isinstance(found, Readings):
        raise found
    counted = {"parameters": found.parameters, "flops": found.flops, "peak_bytes": found.peak_bytes}
    send(connection, counted | {"problems": {metric: _as_message(error) for metric, error in found.problems.items()}})


def _as_message(error: BaseException) -> dict[str, str]:
    kinds = {UserError: "unusable", Unavailable: "unavailable", FsrbenchError: "failed"}
    kind = next((word for known, word in kinds.items() if isinstance(error, known)), "raised")
    message = (str(error).strip().splitlines() or [""])[0][:1000]
    return {"error": kind, "name": type(error).__name__, "message": message}


def _follow(parent: int) -> None:
    """End this process and all that it started when the run is killed, even if the method hangs."""
    with suppress(psutil.NoSuchProcess):
        run = psutil.Process(parent)
        while run.is_running() and run.status() != psutil.STATUS_ZOMBIE:
            time.sleep(1)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
