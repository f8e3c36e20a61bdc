from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fsrbench.drift.descriptor_file import DescriptorFile
from fsrbench.errors import UserError


def sides(number: float) -> dict[str, np.ndarray]:
    return {"lr": np.full(3, number), "sr": np.full(3, -number)}


def test_added_descriptors_are_read_again_and_the_oldest_dropped(tmp_path: Path) -> None:
    path = tmp_path / "descriptors.npz"
    first = DescriptorFile(path)
    first.add({"a": sides(1), "b": {"sr": np.full(3, 2.0)}}, [])
    first.add({"c": sides(3), "d": {}}, ["b"])
    for each in (first, DescriptorFile(path)):
        found = each.of(["a", "b", "c", "d"])
        assert np.isnan(found["lr"][[0, 1, 3]]).all()
        np.testing.assert_array_equal(found["lr"][2], [3, 3, 3])
        np.testing.assert_array_equal(found["sr"][1:3], [[2, 2, 2], [-3, -3, -3]])
    assert DescriptorFile(path).of(["a"]) == {}
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_those_of_another_length_are_dropped(tmp_path: Path) -> None:
    file = DescriptorFile(tmp_path / "d.npz")
    file.add({"a": sides(1)}, [])
    file.add({"b": {"lr": np.ones(4), "sr": np.ones(4)}}, ["a"])
    assert np.isnan(file.of(["a", "b"])["lr"][0]).all()
    assert file.of(["a"]) == {}


def test_it_stays_small(tmp_path: Path) -> None:
    """200 pictures with two descriptors of 128 numbers."""
    file, rng = DescriptorFile(tmp_path / "d.npz"), np.random.default_rng(0)
    keys: list[str] = []
    for batch in range(20):
        new = {f"{batch * 32 + i:064}": {side: rng.normal(size=128) for side in ("lr", "sr")} for i in range(32)}
        file.add(new, keys[-200:])
        keys += new
    assert (tmp_path / "d.npz").stat().st_size < 300_000
    assert len(file.of(keys)["lr"]) == 640
    assert np.isfinite(file.of(keys[-200:])["lr"]).all()


def test_nothing_is_written_without_descriptors(tmp_path: Path) -> None:
    DescriptorFile(tmp_path / "d.npz").add({"a": {}}, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + bytes(18)])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"d.npz is not a file of descriptors; move it away to do without them"):
        DescriptorFile(tmp_path / "d.npz")
