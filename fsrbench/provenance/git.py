"""Where a run's numbers come from: machine, git, data and weights, for the manifest."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import psutil
import torch

from fsrbench.datasets import Sample
from fsrbench.machine import facts as machine_facts
from fsrbench.provenance.file_hashes import file_hash, hash_of_all

__all__ = ["dataset_hash", "file_hash", "git", "hash_of_all", "machine"]

PACKAGE: Final = Path(__file__).parents[1]


def machine(device: torch.device) -> dict[str, Any]:
    """The machine, as far as speed depends on it."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": machine_facts.cpu(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
    }


def git(package: Path = PACKAGE) -> dict[str, Any] | None:
    """Commit of the checkout that tracks the harness's own files, and whether it was changed.

    ``None`` for an installed package, even where its environment lies inside somebody else's repository.
    """
    try:
        _git(package, "ls-files", "--error-unmatch", "--", "__init__.py")
        commit = _git(package, "rev-parse", "HEAD")
        return {"commit": commit, "dirty": bool(_git(package, "status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def dataset_hash(samples: Iterable[Sample]) -> str:
    """sha256 over the samples' ids and files: the same for a folder and a zip of the same pictures."""
    sha = hashlib.sha256()
    for sample in samples:
        sha.update(sample.digest().encode())
    return sha.hexdigest()


def _git(root: Path, *arguments: str) -> str:
    # A hook's GIT_DIR would otherwise win over the folder
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True, env=environment)
    return done.stdout.strip()
