"""A result without a folder of its own: it can be copied, compared and forgotten."""

from __future__ import annotations

import copy
import dataclasses
import gc
import importlib
import os
import pickle
import pkgutil
import tempfile
import warnings
from pathlib import Path

import pytest

import fsrbench
from fsrbench.errors import UserError
from fsrbench.files.temporary import KeptFolder


@pytest.mark.heavy
def test_a_folder_is_there_as_long_as_a_copy_of_the_run() -> None:
    run = fsrbench.evaluate(["bicubic"], metrics=["psnr"], limit=2, progress=False, offline=True)
    path = run.path
    others = [copy.copy(run), copy.deepcopy(run), dataclasses.replace(run, manifest={})]
    sent = pickle.loads(pickle.dumps(run))
    assert sent.folder is None
    assert sent.summary.equals(run.summary)
    del run
    while others:
        gc.collect()
        assert (path / "summary.csv").is_file()
        del others[0]
    gc.collect()
    assert not path.exists()


def test_runs_can_be_compared_and_be_keys() -> None:
    run = fsrbench.evaluate(["bicubic"], metrics=["psnr"], limit=2, progress=False, offline=True)
    other = dataclasses.replace(run)
    assert (run == run, run == other, run != other) == (True, False, True)
    assert {run: 1, other: 2}[run] == 1
    assert run in [other, run]


def test_what_holds_arrays_is_compared_by_identity() -> None:
    """Everywhere: arrays and frames have no one truth value, so that the dataclass's own comparison would raise."""
    arrays = ("ndarray", "DataFrame", "Tensor", "Features")
    wrong = set()
    for module in pkgutil.walk_packages(fsrbench.__path__, "fsrbench."):
        for found in vars(importlib.import_module(module.name)).values():
            if isinstance(found, type) and dataclasses.is_dataclass(found) and found.__eq__ is not object.__eq__:
                compared = [str(field.type) for field in dataclasses.fields(found) if field.compare]
                if any(name in kind and "Callable" not in kind for kind in compared for name in arrays):
                    wrong.add(found.__qualname__)
    assert not wrong


def test_an_error_leaves_no_folder_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserError) as caught:
            fsrbench.evaluate(["bicubic"], str(tmp_path / "none"), ["psnr"], progress=False)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("fsrbench-")]
    del caught


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_forked_process_removes_nothing() -> None:
    folder = KeptFolder()
    child = os.fork()
    if child == 0:
        folder.remove()
        os._exit(0)
    os.waitpid(child, 0)
    assert folder.path.is_dir()
    folder.remove()
    assert not folder.path.exists()
