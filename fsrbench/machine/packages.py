"""Optional packages: explain failed imports, and import pyiqa and torchvision without what they do not need."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from fsrbench.errors import Unavailable, one_line
from fsrbench.provenance.versions import version

HEADLESS = "pip install --force-reinstall --no-deps opencv-python-headless"


def cannot_import(package: str, install: str, error: ImportError) -> Unavailable:
    """The error for a package whose import failed.

    Args:
        package: its name on PyPI.
        install: the argument for ``pip install``.
        error: what the import raised.
    """
    if isinstance(error, ModuleNotFoundError):
        # If it is installed but another package is missing, its version cannot show that it works again
        missing = package if version(package) is None else None
        return Unavailable(f"{package} is missing; `pip install '{install}'`", missing=missing)
    return Unavailable(f"{package} cannot be imported: {one_line(error)}{advice(error)}")


def advice(error: BaseException) -> str:
    """How to repair an OpenCV that lacks a library of the window system, or CLIP's missing ``pkg_resources``."""
    if "'pkg_resources'" in str(error):
        return "; `pip install 'setuptools<82'`, which has it"
    found: BaseException | None = error
    while found is not None:
        if any(library in str(found) for library in ("libGL", "libEGL", "libgthread", "libSM", "libX")):
            return f"; `{HEADLESS}`, or on Debian and Ubuntu `apt install libgl1 libglib2.0-0`"
        found = found.__cause__ or found.__context__
    return ""


@contextmanager
def opencv_if_it_loads() -> Iterator[None]:
    """Let ``import cv2`` succeed inside even if OpenCV is missing or lacks a system library such as libGL.

    It then imports a stand-in that raises the reason at its first use. pyiqa imports cv2 without needing it for its
    metrics.
    """
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        sys.modules["cv2"] = _StandIn(error)
        try:
            yield
        finally:
            del sys.modules["cv2"]  # later imports fail as usual
    else:
        yield


class _StandIn(ModuleType):
    def __init__(self, error: ImportError) -> None:
        super().__init__("cv2")
        self.__spec__ = ModuleSpec("cv2", None)
        self.__path__: list[str] = []
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(f"needs OpenCV: {one_line(self._error)}{advice(self._error)}")


def import_torchvision() -> None:
    """Import torchvision without importing torch's compiler, which takes most of the time.

    torchvision needs one function of it, ``is_compile_supported``, which is loaded when it is called.
    """
    if "torchvision" in sys.modules or _COMPILER in sys.modules:
        return
    import torch

    package, utils = _LazyModule(_COMPILER), _LazyModule(f"{_COMPILER}.utils")
    sys.modules |= {module.__name__: module for module in (package, utils)}
    try:
        importlib.import_module("torchvision")
    finally:
        for module in (package, utils):
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
        if vars(torch).get("_dynamo") is package:
            del torch._dynamo


_COMPILER = "torch._dynamo"


class _LazyModule(ModuleType):
    """A module that is imported on first access to anything in it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None, is_package=True)
        self.__path__: list[str] = []

    def is_compile_supported(self, device_type: str) -> bool:
        return bool(self._loaded().is_compile_supported(device_type))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._loaded(), name)

    def _loaded(self) -> ModuleType:
        for module in [module for module in sys.modules.values() if isinstance(module, _LazyModule)]:
            del sys.modules[module.__name__]
        return importlib.import_module(self.__name__)
