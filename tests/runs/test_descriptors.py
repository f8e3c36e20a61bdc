from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsrbench.errors import UserError
from fsrbench.runs.descriptors import FILE, Descriptors, read_descriptors, write_descriptors

NUMBERS = np.random.default_rng(0).normal(size=(2, 3, 4))


def test_written_and_read(tmp_path: Path) -> None:
    NUMBERS[1, 2] = np.nan
    rows = dict(zip(("lr", "a method, ö/2"), NUMBERS, strict=True))
    write_descriptors(tmp_path / FILE, Descriptors(("ann/1", "ann/2", "bob/ä"), rows))
    found = read_descriptors(tmp_path / FILE)
    assert found is not None
    assert found.images == ("ann/1", "ann/2", "bob/ä")
    np.testing.assert_allclose(found.rows["a method, ö/2"], NUMBERS[1], rtol=1e-3)
    some = found.of("lr", ["bob/ä", "eve/1", "ann/1"])
    assert some is not None
    np.testing.assert_allclose(some[[0, 2]], NUMBERS[0][[2, 0]], rtol=1e-3)
    assert np.isnan(some[1]).all()
    assert found.of("other", ["ann/1"]) is None


def test_of_no_face_there_is_none() -> None:
    assert Descriptors(("a",), {"lr": np.full((1, 4), np.nan)}).of("lr", ["a"]) is None
    assert Descriptors(("a", "b"), {"lr": np.array([[np.nan], [1.0]])}).of("lr", ["a"]) is None


def test_a_run_without(tmp_path: Path) -> None:
    assert read_descriptors(tmp_path / FILE) is None


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"PK no archive")
    with pytest.raises(UserError, match=r"descriptors.npz is not a file of descriptors; run it again"):
        read_descriptors(tmp_path / FILE)
    np.savez(tmp_path / FILE, descriptors=np.zeros((1, 2)), rows=["lr"], images=["a"])
    with pytest.raises(UserError, match=r"its descriptors are \(1, 2\), not rows, images, numbers"):
        read_descriptors(tmp_path / FILE)
    np.savez(tmp_path / FILE, descriptors=np.zeros((1, 1, 2), int), rows=["lr"], images=["a"])
    with pytest.raises(UserError, match=r"its descriptors are of type int64, not floating-point"):
        read_descriptors(tmp_path / FILE)


def test_infinite_numbers_are_none(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE, descriptors=np.array([[[1.0, np.inf], [1.0, 2.0]]]), rows=["lr"], images=["a", "b"])
    found = read_descriptors(tmp_path / FILE)
    assert found is not None
    np.testing.assert_array_equal(found.rows["lr"], [[1, np.nan], [1, 2]])
