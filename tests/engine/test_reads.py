"""How often a run reads what it has stored, and its data."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import picture_files, run, write_files

from fsrbench.datasets import base
from fsrbench.datasets.base import Picture
from fsrbench.engine import plan
from fsrbench.engine.store import INPUTS, PICTURES, Store
from fsrbench.gallery import grid, keep

METHODS = "bicubic,nearest,lanczos"
PICTURES_OF_A_SHARD, SHARDS, UNITS = 3, 3, 9
COUNT = PICTURES_OF_A_SHARD * SHARDS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files([f"{i:03}.png" for i in range(COUNT)]))


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD", PICTURES_OF_A_SHARD)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Whole results read from the store by kind, and hashes of picture files."""
    counts: Counter[str] = Counter()
    get, digest = Store.get, base._digest

    def counted(self: Store, kind: str, key: str, only: Any = None) -> dict[str, np.ndarray] | None:
        found = get(self, kind, key, only)
        counts[kind if only is None else f"{kind} facts"] += found is not None
        return found

    def hashed(picture: Picture) -> bytes:
        counts["hashes"] += 1
        return digest(picture)

    monkeypatch.setattr(Store, "get", counted)
    monkeypatch.setattr(base, "_digest", hashed)
    return counts


def test_stored_pictures_are_read_once_to_be_kept_and_files_are_hashed_once(
    data: Path, tmp_path: Path, reads: Counter[str]
) -> None:
    assert run(data, tmp_path / "out", methods=METHODS).code == 0
    assert (reads[PICTURES], reads[INPUTS], reads[f"{INPUTS} facts"]) == (UNITS, SHARDS, 0)
    assert reads["hashes"] == COUNT
    reads.clear()
    again = run(data, tmp_path / "out", "--metrics", "psnr,ssim,psnr_y", methods=METHODS)
    assert again.code == 0  # scoring reads them; nothing is kept anew
    assert (reads[PICTURES], reads[INPUTS], reads[f"{INPUTS} facts"]) == (UNITS, SHARDS, 0)
    assert reads["hashes"] == COUNT


def test_few_kept_pictures_need_few_reads(data: Path, tmp_path: Path, reads: Counter[str], monkeypatch) -> None:
    monkeypatch.setattr(keep, "MOST_KEPT", PICTURES_OF_A_SHARD - 1)
    monkeypatch.setattr(grid, "run_images", lambda run: ["000"])
    assert run(data, tmp_path / "out", methods=METHODS).code == 0
    assert (reads[PICTURES], reads[INPUTS]) == (3, 1)
