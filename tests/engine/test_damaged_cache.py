"""Stored results that are damaged, or no results of this run, are computed again, and the run says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import Finished, picture_files, run, write_files

from fsrbench.engine.store import OWN

pytestmark = pytest.mark.heavy  # a whole run each
KINDS = ("inputs", "hr", "pictures", "features", "scores", "checks")
METRICS = ("--metrics", "psnr,ssim,colour_drift")


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def zeroed(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def flipped(file: Path) -> None:
    """One bit of the first array, which the archive's checksums notice."""
    data = bytearray(file.read_bytes())
    data[100] ^= 4
    file.write_bytes(data)


def another(file: Path) -> None:
    """A file that another version or program may have left here."""
    np.savez(file, values=np.zeros(3))


def moved(file: Path) -> None:
    """Whole, but stored for another key."""
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(file, **arrays | {OWN: np.array("scores/0")})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = tmp_path_factory.mktemp("damaged")
    data = write_files(folder / "data", picture_files([f"{name}/{i}.png" for name in ("ann", "bob") for i in "12"]))
    return run(data, folder / "out", *METRICS, methods="bicubic,nearest")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spoil", [truncated, zeroed, flipped, another, moved])
def test_what_is_damaged_is_computed_again(
    whole: Finished, tmp_path: Path, kind: str, spoil: Callable[[Path], None]
) -> None:
    out = Path(shutil.copytree(whole.path, tmp_path / "out"))
    (out / "cache" / "finished.json").unlink(missing_ok=True)
    files = list((out / "cache" / kind).glob("*.npz"))
    assert files
    for file in files:
        spoil(file)
    done = run(whole.path.parent / "data", out, *METRICS, methods="bicubic,nearest")
    assert done.code == whole.code
    pd.testing.assert_frame_equal(done.scores, whole.scores, check_exact=True)
    assert done.summary.equals(whole.summary)
    lines = [line for line in done.stderr.splitlines() if "could not be read; computed again" in line]
    assert len(lines) == 1
    assert 1 <= int(lines[0].split()[2]) <= len(files)


def test_an_intact_cache_gives_no_warning(whole: Finished) -> None:
    assert "could not be read" not in whole.stderr
