"""The store: whole or not at all, and keys that change with everything a result depends on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fsrbench.engine.store import Store, key_of, pack_json, unpack_json

ARRAYS = {"value": np.arange(500.0), "pixels": np.full((2, 4, 4, 3), 7, np.uint8), "none": np.empty((0, 3))}
LARGE = {"sr": np.random.RandomState(0).randint(0, 256, (3, 300, 200, 3)).astype(np.uint8) // 32, "ids": np.arange(3)}
"""Pictures that are compressed, and what lies beside them."""


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "cache")


def files(store: Store) -> list[Path]:
    return sorted(p for p in store.folder.rglob("*") if p.is_file())


def test_what_is_put_comes_back(store):
    store.put("scores", "k", ARRAYS)
    back = store.get("scores", "k")
    assert back is not None
    assert back.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_large_pictures_come_back_from_fewer_bytes(store):
    store.put("pictures", "k", LARGE)
    back = store.get("pictures", "k")
    assert back is not None
    assert back.keys() == LARGE.keys()
    for name, array in LARGE.items():
        np.testing.assert_array_equal(back[name], array)
    (path,) = files(store)
    assert path.stat().st_size < 0.6 * LARGE["sr"].nbytes
    assert (store.get("pictures", "k", only=("ids",)) or {}).keys() == {"ids"}
    np.testing.assert_array_equal((store.get("pictures", "k", only=("sr",)) or {})["sr"], LARGE["sr"])


def test_what_is_read_counts_as_used_and_not_as_written(store):
    store.put("scores", "k", ARRAYS)
    (path,) = files(store)
    os.utime(path, (5, 7))
    assert store.touch("scores", "k")
    assert path.stat().st_atime > 1e9
    os.utime(path, (5, 7))
    store.get("scores", "k")
    assert (path.stat().st_atime > 1e9, path.stat().st_mtime) == (True, 7)
    assert not store.touch("scores", "other")


def test_damaged_pictures_count_as_missing(store):
    store.put("pictures", "k", LARGE)
    (path,) = files(store)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["sr packed"] = arrays["sr packed"][:-99]
    np.savez(path, **arrays)
    assert store.get("pictures", "k") is None


@pytest.mark.parametrize(("kind", "key"), [("scores", "other"), ("features", "k")])
def test_what_was_not_put_is_not_there(store, kind, key):
    store.put("scores", "k", ARRAYS)
    assert store.get(kind, key) is None


def test_the_last_put_wins(store):
    store.put("scores", "k", ARRAYS)
    store.put("scores", "k", {"value": np.array([2.0])})
    back = store.get("scores", "k")
    assert back is not None
    assert {k: v.tolist() for k, v in back.items()} == {"value": [2.0]}


@pytest.mark.parametrize("old", [True, False], ids=["over an old one", "the first"])
def test_a_failed_put_leaves_the_old_or_nothing(store, monkeypatch, old):
    if old:
        store.put("scores", "k", ARRAYS)
    before = files(store)

    def break_off(file, **arrays):
        file.write(b"PK half a fi")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", break_off)
    with pytest.raises(OSError, match="disk full"):
        store.put("scores", "k", {"value": np.zeros(3)})
    assert files(store) == before
    back = store.get("scores", "k")
    assert (back is not None and back["value"].shape == (500,)) if old else back is None


@pytest.mark.skipif(os.name != "posix", reason="kills with a POSIX signal")
def test_a_killed_put_leaves_the_old(store):
    store.put("scores", "k", ARRAYS)
    code = """
import os, signal, sys
from pathlib import Path
import numpy as np
from fsrbench.engine.store import Store
np.savez = lambda file, **arrays: (file.write(b"PK half"), file.flush(), os.kill(os.getpid(), signal.SIGKILL))
Store(Path(sys.argv[1])).put("scores", "k", {"value": np.zeros(3)})
"""
    done = subprocess.run([sys.executable, "-c", code, str(store.folder)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    back = store.get("scores", "k")
    assert back is not None
    np.testing.assert_array_equal(back["value"], ARRAYS["value"])
    store.put("scores", "k", {"value": np.ones(1)})
    assert store.get("scores", "k") == {"value": np.ones(1)}


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_others_may_read_what_the_user_lets_them_read(store, mask, mode):
    before = os.umask(mask)
    try:
        store.put("scores", "k", ARRAYS)
    finally:
        os.umask(before)
    (path,) = files(store)
    assert path.stat().st_mode & 0o777 == mode


def test_a_truncated_file_counts_as_missing(store):
    store.put("scores", "k", ARRAYS)
    (path,) = files(store)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert store.get("scores", "k") is None, length


def test_a_damaged_file_is_never_an_error(store):
    store.put("scores", "k", ARRAYS)
    (path,) = files(store)
    whole = path.read_bytes()
    rng = np.random.RandomState(0)
    for place in rng.choice(len(whole), 300, replace=False):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        store.get("scores", "k")


def test_a_damaged_number_is_noticed(store):
    store.put("scores", "k", {"value": np.full(100, 3.25)})
    (path,) = files(store)
    whole = path.read_bytes()
    number = np.float64(3.25).tobytes()
    path.write_bytes(whole.replace(number, np.float64(3.5).tobytes(), 1))
    assert store.get("scores", "k") is None


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_foreign_files_count_as_missing(store, content):
    (store.folder / "scores").mkdir(parents=True)
    (store.folder / "scores" / "k.npz").write_bytes(content)
    assert store.get("scores", "k") is None


def test_pickled_objects_are_not_loaded(store):
    (store.folder / "scores").mkdir(parents=True)
    np.savez(store.folder / "scores" / "k.npz", value=np.array([{"a": 1}], dtype=object))
    assert store.get("scores", "k") is None


PARTS = {"task": "x4", "seed": 0, "degradation": ["bicubic", "one step"], "samples": ["ab", "cd"]}


@pytest.mark.parametrize(
    "change",
    [
        {"task": "x8"},
        {"seed": 1},
        {"seed": "0"},
        {"degradation": ["bicubic", "two steps"]},
        {"samples": ["cd", "ab"]},
        {"samples": ["abcd"]},
        {"more": None},
    ],
    ids=str,
)
def test_key_changes_with_every_part(change):
    assert key_of(**PARTS) != key_of(**(PARTS | change))


def test_key_does_not_depend_on_the_order_of_parts_or_the_process():
    assert key_of(**dict(reversed(PARTS.items()))) == key_of(**PARTS)
    assert key_of(a=1) == "f9d86028c6e0d64e225186f9"


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None]}, [], "Zoë", {"µ": {"x/y": "…"}}])
def test_json_packed_beside_arrays_comes_back(store, value):
    store.put("facts", "k", {"facts": pack_json(value)})
    back = store.get("facts", "k")
    assert back is not None
    assert unpack_json(back["facts"]) == value
