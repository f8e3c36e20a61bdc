"""What can be changed in a process."""

from __future__ import annotations

import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageFile

QUIET: dict[str, Any] = {"progress": False, "device": "cpu", "offline": True}


backends = torch.backends


def _read(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except RuntimeError:
        return "refused"


def snapshot() -> dict[str, Any]:
    """What a program can see of the process, read without the code under test."""
    places = [("generic", "all"), ("cuda", "all"), ("cuda", "matmul"), ("cuda", "conv"), ("cuda", "rnn")]
    places += [("mkldnn", "all"), ("mkldnn", "matmul"), ("mkldnn", "conv"), ("mkldnn", "rnn")]
    handlers = [s for s in signal.Signals if s.name not in ("SIGKILL", "SIGSTOP")]
    return {
        "precisions": [torch._C._get_fp32_precision_getter(*place) for place in places],
        "matmul": _read(torch.get_float32_matmul_precision),
        "tf32": (_read(lambda: backends.cuda.matmul.allow_tf32), _read(lambda: backends.cudnn.allow_tf32)),
        "cudnn": (backends.cudnn.benchmark, backends.cudnn.deterministic, backends.cudnn.enabled),
        "mkldnn": backends.mkldnn.enabled,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "grad": torch.is_grad_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "torch generator": torch.get_rng_state().tolist(),
        "numpy generator": str(np.random.get_state()),
        "generator": random.getstate(),
        "numpy errors": np.geterr(),
        "filters": list(warnings.filters),
        "showwarning": warnings.showwarning,
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "handlers": {s: signal.getsignal(s) for s in handlers},
        "timer": signal.getitimer(signal.ITIMER_REAL)[0] > 0,
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "loggers": {n: log.level for n, log in logging.root.manager.loggerDict.items() if hasattr(log, "level")},
        "pillow": (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES),
        "matplotlib": (dict(matplotlib.rcParams), matplotlib.get_backend()),
        "streams": (sys.stdin, sys.stdout, sys.stderr, sys.excepthook),
        "socket": (socket.socket.connect, socket.getaddrinfo, socket.getdefaulttimeout()),
        "other": (gc.isenabled(), sys.getrecursionlimit(), locale.setlocale(locale.LC_ALL), list(sys.path)),
    }


def same(before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    for name in set(after["loggers"]) - set(before["loggers"]):  # a library's own, made when it was imported
        changed.pop("loggers", None) if name else None
    assert not changed
