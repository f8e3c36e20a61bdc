"""Global state of the process: restored after a call of fsrbench, and after each call of third-party code."""

from __future__ import annotations

import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageFile

from fsrbench.process.setting import Setting

MAX_IMAGE_PIXELS: Final = Image.MAX_IMAGE_PIXELS


def _read_folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return None


def _write_folder(path: str | None) -> None:
    if path is not None:
        with suppress(OSError):
            os.chdir(path)


BY_LIBRARIES: Final = frozenset(
    {"TORCHINDUCTOR_CACHE_DIR", "CUDA_MODULE_LOADING", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK"}
    | {"QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH"}
)
"""Variables that torch, scikit-learn and OpenCV set at their first use: not changes of the method that used them."""


def _variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in BY_LIBRARIES}


def _library_variables() -> dict[str, str]:
    return {name: os.environ[name] for name in BY_LIBRARIES if name in os.environ}


def _write_variables(before: Mapping[str, str], read: Callable[[], Mapping[str, str]]) -> None:
    for name in read().keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


def _write_filters(before: Sequence[Any]) -> None:
    warnings.resetwarnings()  # also clears the cache of which filter applied where
    warnings.filters[:] = before  # type: ignore[index]


def _numbers(*names: str) -> tuple[int, ...]:
    return tuple(int(getattr(signal, name)) for name in names if hasattr(signal, name))


ALARMS: Final = _numbers("SIGALRM", "SIGVTALRM", "SIGPROF")
"""Timer signals, which end a program by default."""
_SIGNALS: Final = (
    *ALARMS,
    *_numbers("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGCHLD", "SIGABRT"),
)


def signals_here() -> tuple[int, ...]:
    """Signals whose handlers can be set in this thread: all in the main thread, none elsewhere."""
    return _SIGNALS if threading.current_thread() is threading.main_thread() else ()


def _read_signals() -> dict[int, Any]:
    return {s: signal.getsignal(s) for s in signals_here()}


def _write_signals(before: Mapping[int, Any]) -> None:
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) != handler:  # None: set by C code
            signal.signal(number, handler)


def _read_alarm() -> bool:
    return hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


def _write_alarm(before: bool) -> None:
    if not before:  # the caller's own goes on
        signal.setitimer(signal.ITIMER_REAL, 0)


_file_copies: dict[int, int] = {}
"""Duplicates of the file descriptors of standard output and error, made by :func:`preserved`."""


def _read_files() -> dict[int, Any]:
    return {number: _identity(number) for number in _file_copies}


def _identity(number: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(number)
    except OSError:  # it is closed
        return None
    return status.st_dev, status.st_ino


def _write_files(before: Mapping[int, Any]) -> None:
    for number, identity in before.items():
        if number in _file_copies and _identity(number) != identity:
            os.dup2(_file_copies[number], number)


@contextmanager
def _kept_files() -> Iterator[None]:
    """Keep standard output and error open, even if their file descriptors are closed inside."""
    if _file_copies:
        yield
        return
    _file_copies.update({number: os.dup(number) for number in (1, 2) if _identity(number)})
    try:
        yield
    finally:
        for copy in _file_copies.values():
            os.close(copy)
        _file_copies.clear()


def _hooks() -> tuple[Any, ...]:
    return sys.excepthook, threading.excepthook, sys.unraisablehook


def _write_hooks(before: tuple[Any, ...]) -> None:
    sys.excepthook, threading.excepthook, sys.unraisablehook = before


def _pillow() -> tuple[Any, ...]:
    return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES


def _write_pillow(before: tuple[Any, ...]) -> None:
    Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


_CHECKED: Final = (
    Setting("working directory", _read_folder, _write_folder),
    Setting("environment variables", _variables, partial(_write_variables, read=_variables)),
    Setting(
        "libraries' variables",
        _library_variables,
        partial(_write_variables, read=_library_variables),
        reported=False,
    ),
    Setting(
        "warning filters", lambda: list(warnings.filters), _write_filters, reported=False
    ),  # many imports change them
    Setting("alarm", _read_alarm, _write_alarm),
    Setting("signal handlers", _read_signals, _write_signals),
    Setting("standard output", _read_files, _write_files),
    Setting("exception hooks", _hooks, _write_hooks),
    Setting("garbage collector", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    Setting("Pillow's limits", _pillow, _write_pillow),
    Setting("numpy's error handling", np.geterr, lambda before: np.seterr(**before)),
    Setting("recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Setting("socket timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    Setting("locale", lambda: locale.setlocale(locale.LC_ALL), lambda before: locale.setlocale(locale.LC_ALL, before)),
)
"""Checked after each call of third-party code; so are torch's settings if torch is imported."""


def settings() -> list[Setting]:
    """The global settings that can be restored."""
    found = list(_CHECKED)
    if "cv2" in sys.modules:
        import cv2

        found.append(Setting("OpenCV's threads", cv2.getNumThreads, cv2.setNumThreads))
    if "torch" in sys.modules:
        from fsrbench.process.torch_state import SETTINGS

        found += SETTINGS
    return found


def read(checked: Iterable[Setting]) -> dict[str, Any]:
    """The values of some settings, by name."""
    return {setting.name: setting.read() for setting in checked}


def restore(checked: Iterable[Setting], before: Mapping[str, Any]) -> list[str]:
    """Restore the settings that differ from ``before``; return the names of those to report."""
    changed = [setting for setting in checked if setting.read() != before[setting.name]]
    for setting in changed:
        setting.write(before[setting.name])
    return [setting.name for setting in changed if setting.reported]


def standardise(seed: int) -> None:
    """Make results independent of what ran before: set torch's, Pillow's and numpy's settings and all random seeds."""
    from fsrbench.process import torch_state

    torch_state.standardise(seed)
    Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = MAX_IMAGE_PIXELS, False
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    random.seed(seed)
    np.random.seed(seed % 2**32)


def _loggers() -> dict[logging.Logger, tuple[Any, ...]]:
    found = [logging.root, *logging.root.manager.loggerDict.values()]
    return {
        log: (log.level, list(log.handlers), log.propagate, log.disabled, list(log.filters))
        for log in found
        if isinstance(log, logging.Logger)
    }


def _write_loggers(before: Mapping[logging.Logger, tuple[Any, ...]]) -> None:
    for log, (level, handlers, propagate, disabled, filters) in before.items():
        if log.level != level:  # each call clears the caches of all loggers
            log.setLevel(level)
        log.handlers[:], log.filters[:] = handlers, filters
        log.propagate, log.disabled = propagate, disabled


@contextmanager
def _generators() -> Iterator[None]:
    from fsrbench.process import torch_state

    states = random.getstate(), np.random.get_state(), torch_state.read_generators()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch_state.write_generators(states[2])


@contextmanager
def _logging() -> Iterator[None]:
    levels, disabled = _loggers(), logging.root.manager.disable
    try:
        yield
    finally:
        logging.disable(disabled)
        _write_loggers(levels)


@contextmanager
def preserved() -> Iterator[None]:
    """Restore all global state at the end, whatever happens inside: the process belongs to the caller."""
    import torch  # noqa: F401 (its settings are restored, too)

    with ExitStack() as stack:
        stack.enter_context(_kept_files())
        checked = settings()
        stack.callback(restore, checked, read(checked))
        stack.enter_context(_generators())
        stack.enter_context(_logging())
        stack.enter_context(warnings.catch_warnings())
        if (matplotlib := sys.modules.get("matplotlib")) is not None:
            stack.enter_context(matplotlib.rc_context())
        quiet_pillow()
        yield


def quiet_pillow() -> None:
    """Ignore Pillow's warnings, whose causes are reported elsewhere; once, because decoding uses several threads."""
    warnings.filterwarnings("ignore", module=r"PIL\b")
