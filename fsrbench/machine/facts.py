"""Facts about the machine that speed depends on, read without torch, whose import takes seconds."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from fsrbench.machine.cores import usable_cores

if TYPE_CHECKING:
    import torch

DRIVER: Final = Path("/proc/driver/nvidia/gpus")
DEVICES: Final = Path("/dev")
SETTINGS: Final = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that decide which devices and how many threads torch uses."""


def cpu() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown"


def gpus() -> list[str]:
    """Names of the NVIDIA GPUs, or of their device files if the driver gives no names."""
    try:
        about = [line for file in DRIVER.glob("*/information") for line in file.read_text().splitlines()]
    except OSError:
        about = []
    models = [line.partition(":")[2].strip() for line in about if line.startswith("Model:")]
    return sorted(models or [file.name for file in DEVICES.glob("nvidia[0-9]*")])


def speed_facts() -> dict[str, Any]:
    """What times measured on this machine depend on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu(),
        "cores": usable_cores(),
        "gpus": gpus(),
        "settings": {name: os.environ.get(name) for name in SETTINGS},
    }


def threads() -> int | None:
    """Number of CPU threads torch uses in a run; ``None`` while torch is not imported."""
    torch = sys.modules.get("torch")
    return None if torch is None else min(torch.get_num_threads(), usable_cores())


def machine(device: torch.device) -> dict[str, Any]:
    """Processor, memory and the device that a run uses, for the manifest."""
    import torch

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
    }
