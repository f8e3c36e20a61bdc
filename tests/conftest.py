"""Fixtures for all tests; plain helpers are in made/.

Torch and what needs it are imported in functions: with ``-n``, the process that hands out tests needs none of it.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache, partial
from multiprocessing import context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Before numpy is imported: test processes share the cores, and threads that wait for one another take most of the time
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Where a test asks for several threads all the same: those that wait for one another sleep, and leave others the cores
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# pyarrow has no thread of its own, which the server of forks could not have
os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")

MEMORY = Path("/dev/shm")
"""The folder that Linux keeps in memory."""


def fits_tests(folder: Path) -> bool:
    """Whether tests can write their 3 GB to a folder, and start the programs that they write there."""
    if not os.access(folder, os.W_OK):
        return False
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize > 6e9 and not system.f_flag & os.ST_NOEXEC


# Thousands of small folders keep a disk's journal busy: in memory the tests take 5 % less
if "TMPDIR" not in os.environ and fits_tests(MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

if TYPE_CHECKING:
    from made.runs import MakeRun

LONG = frozenset({"browser", "cluster", "docs", "heavy", "kill", "latex"})
"""Markers of tests that take seconds."""


def pytest_sessionstart() -> None:
    """Look for no garbage while modules and tests are made, which all stay; keep the memory of large tensors.

    To return it and to ask the system for it again takes a third of a network's time at 512 px.
    """
    from fsrbench.machine.memory import tune_malloc

    gc.disable()
    tune_malloc()


def pytest_collection_finish() -> None:
    """Never look at modules and tests again: a search through them takes half a second."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Nor when pytest looks for garbage five times; Python itself must, or Triton prints all that it had not freed."""
    gc.freeze()
    if "triton" in sys.modules:
        atexit.register(gc.unfreeze)


def pytest_collectstart() -> None:
    """Import torchvision before test files do, without torch's compiler, which takes longer than torch."""
    from fsrbench.machine.packages import import_torchvision

    import_torchvision()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests unless ``-m`` names them, and let files with long ones begin.

    With ``-n``, processes take file after file: the short ones come last, so that all processes end together.
    """
    long = {item.path for item in items if any(mark.name in LONG for mark in item.iter_markers())}
    items.sort(key=lambda item: item.path not in long)
    if "slow" not in config.option.markexpr:
        slow = [item for item in items if "slow" in item.keywords]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Pictures of 64 px gain nothing by more threads, and several test processes may share the cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _no_downloads() -> Iterator[None]:
    """Runs in this process fetch no weights; tests of that put :func:`fetched_when_needed` back."""
    from fsrbench import weights

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "fetched_when_needed", lambda reporter: nullcontext())
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_look_at_git() -> Iterator[None]:
    """Every run asks git three times for the state of the checkout; tests of that ask it themselves."""
    from fsrbench.engine import manifest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "git", cache(manifest.git))
        yield


@pytest.fixture(scope="session", autouse=True)
def _forks_with_more() -> Iterator[None]:
    """What forks of the server would each import is imported by the server."""
    more = ["pandas", "pyarrow.parquet", "scipy.spatial", "matplotlib.figure", "pydantic", "rich.console"]
    load = context.BaseContext.set_forkserver_preload
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context.BaseContext, "set_forkserver_preload", lambda self, names: load(self, [*names, *more]))
        yield


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """A run from its values."""
    from made.runs import write_run

    return partial(write_run, tmp_path / "run")


@pytest.fixture(scope="session")
def make_run_at() -> MakeRun:
    """A run in a folder that is given, for those that several tests look at."""
    from made.runs import write_run

    return write_run


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium; one for all tests of pages, as a process can drive but one."""
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no {', '.join(names)} on this machine")
    with driver.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path)
        yield browser
        browser.close()
