"""Every bad input gives one clear line, leaves the rest of the run intact and touches nothing outside its folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest
from made import call, run, write_files
from made.hostile.bad_weights import MODULE, SPRUNG
from made.hostile.cases import Case, faces
from made.hostile.corpus import CASES, count
from made.hostile.watch import snapshot, within

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and alarms are POSIX's"),
]


@pytest.fixture(scope="module", autouse=True)
def _methods(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The method that reads its weights from a file, importable."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "made_from_file.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield
    sys.modules.pop("made_from_file", None)


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Path]:
    """The folder around the one in which all happens."""
    (tmp_path / "around").mkdir()
    yield tmp_path / "around"
    try:
        shutil.rmtree(tmp_path / "around")
    except RecursionError:  # some are too deep for Python
        subprocess.run(["rm", "-rf", tmp_path / "around"], check=True)


@contextmanager
def no_plots() -> Iterator[None]:
    """Plots and grid are slow, and show nothing of the input."""
    with mock.patch("fsrbench.reports.plots.draw.write_plots"), mock.patch("fsrbench.gallery.keep.write_grid"):
        yield


def test_corpus_is_large_and_its_names_differ() -> None:
    assert count() >= 200
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=[pytest.mark.heavy] * case.heavy) for case in CASES]
)
def test_bad_input(case: Case, around: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = around / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("MADE_WEIGHTS", "")
    arguments = case.make(here)
    before = snapshot(around, here / "out")
    with no_plots(), within(case.seconds):
        result = call(*arguments)
    assert result.exit_code == case.code, result.output
    assert snapshot(around, here / "out") == before
    assert not (here / "out" / SPRUNG).exists()
    lines = [line for line in result.stderr.splitlines() if re.search(case.says, line)]
    assert len(lines) == 1, result.stderr
    assert len(lines[0]) < 1500
    assert "\x1b[2J" not in result.output
    if case.code == 2:
        assert lines[0].startswith("fsrbench: ")
        assert not (here / "out" / "scores.parquet").exists()
    elif case.images is not None:
        scores = pd.read_parquet(here / "out" / "scores.parquet").query("method == 'bicubic' and metric == 'psnr'")
        assert set(scores["image"]) == case.images
        assert set(scores["status"]) == {"ok"}


def test_links_in_a_run_lead_nothing_out_of_it(around: Path) -> None:
    data, out, precious = faces(around), around / "out", around / "precious"
    assert run(data, out).code == 0
    write_files(precious, {"good1.png": b"precious", "other.png": b"precious"})
    shutil.rmtree(out / "images" / "bicubic")
    (out / "images" / "bicubic").symlink_to(precious)
    (out / "summary.csv").unlink()
    (out / "summary.csv").symlink_to(precious / "good1.png")
    again = run(data, out)
    assert again.code == 0
    assert "2 pictures of bicubic cannot be kept; good1: a link leads out of the run's folder" in again.stderr
    assert {path.name: path.read_bytes() for path in precious.iterdir()} == dict.fromkeys(
        ["good1.png", "other.png"], b"precious"
    )
    assert not (out / "summary.csv").is_symlink()
