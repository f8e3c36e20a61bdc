"""Packages that are missing or cannot be imported, and what others import on their way and do not need."""

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
    """What to say of a package whose import failed.

    Args:
        package: its name on PyPI.
        install: what ``pip install`` is to be told.
        error: what the import raised.
    """
    if isinstance(error, ModuleNotFoundError):
        # Where it is installed and lacks another package, its own version will not tell that it works again
        missing = package if version(package) is None else None
        return Unavailable(f"{package} is missing; `pip install '{install}'`", missing=missing)
    return Unavailable(f"{package} cannot be imported: {one_line(error)}{advice(error)}")


def advice(error: BaseException) -> str:
    """What helps where OpenCV cannot be loaded for want of a window system's library; empty for other errors."""
    found: BaseException | None = error
    while found is not None:
        if any(library in str(found) for library in ("libGL", "libEGL", "libgthread", "libSM", "libX")):
            return f"; `{HEADLESS}`, or on Debian and Ubuntu `apt install libgl1 libglib2.0-0`"
        found = found.__cause__ or found.__context__
    return ""


@contextmanager
def opencv_if_it_loads() -> Iterator[None]:
    """Inside, ``import cv2`` does not fail where OpenCV is missing or lacks a library of the system, such as libGL.

    It then gives a stand-in that raises the reason when anything of it is used. pyiqa imports cv2 on its way and
    computes its metrics without.
    """
    try:
        importlib.import_module("cv2")
    except ImportError as error:
        sys.modules["cv2"] = _StandIn(error)
        try:
            yield
        finally:
            del sys.modules["cv2"]  # others find out for themselves
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
    """Import torchvision without torch's compiler, which is most of the time that it takes.

    It takes one function from there, which decides about compiling; called, that one loads the compiler and asks it.
    """
    if "torchvision" in sys.modules or _COMPILER in sys.modules:
        return
    import torch

    package, utils = _Later(_COMPILER), _Later(f"{_COMPILER}.utils")
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


class _Later(ModuleType):
    """A module whose functions load it when they are called; whatever else is asked of it loads it at once."""

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
        for module in [module for module in sys.modules.values() if isinstance(module, _Later)]:
            del sys.modules[module.__name__]
        return importlib.import_module(self.__name__)
