"""What is made in the background is what would have been made when it is asked for."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from made import picture_files, run, write_files

from fsrbench.datasets import inputs as engine_inputs
from fsrbench.datasets import open_dataset
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.prefetch import Prefetcher
from fsrbench.tasks import TASKS


def test_what_was_begun_is_taken_once() -> None:
    prefetcher, made = Prefetcher[str](), []

    def make(what: str) -> str:
        made.append((what, threading.current_thread() is threading.main_thread()))
        return what

    prefetcher.begin("a", lambda: make("a"))
    assert prefetcher.take("a", lambda: make("not this")) == "a"
    assert prefetcher.take("a", lambda: make("again")) == "again"
    prefetcher.begin("b", lambda: make("b"))
    assert prefetcher.take("c", lambda: make("c")) == "c"
    prefetcher.close()
    # Whether b was begun before it was dropped is chance
    assert set(made) - {("b", False)} == {("a", False), ("again", True), ("c", True)}


def test_what_is_raised_in_the_background_is_raised_where_it_is_asked_for() -> None:
    prefetcher = Prefetcher[str]()
    prefetcher.begin("a", lambda: {}["missing"])
    with pytest.raises(KeyError, match="missing"):
        prefetcher.take("a", str)
    prefetcher.close()


@pytest.mark.heavy
def test_the_next_shard_is_decoded_while_this_one_is_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_files(tmp_path / "data", picture_files([f"{i:03}.png" for i in range(140)]))
    threads = []
    decode = engine_inputs.decode

    def watched(found: bytes) -> object:
        threads.append(threading.current_thread().name)
        return decode(found)

    monkeypatch.setattr(engine_inputs, "decode", watched)
    assert run(data, tmp_path / "out").code == 0
    assert len(threads) == 140
    assert {name.partition("_")[0] for name in threads} == {"fsrbench-decode"}


def test_threads_change_nothing_about_the_inputs(tmp_path: Path) -> None:
    files = picture_files([f"{i:03}.png" for i in range(40)]) | {"007.png": b"", "100.png": b"no picture"}
    samples = list(open_dataset(str(write_files(tmp_path, files))))
    prefetcher = Prefetcher[str]()
    settings = (samples, TASKS["x4"], find_degradation("realworld"), 3)
    one, many = prepare(*settings), prepare(*settings, prefetcher.decoders)
    prefetcher.close()
    assert (one.ids, one.degraded, one.problems, one.notes) == (many.ids, many.degraded, many.problems, many.notes)
    assert sorted(one.problems) == ["007", "100"]
    np.testing.assert_array_equal(one.lr, many.lr)
    np.testing.assert_array_equal(one.hr, many.hr)
