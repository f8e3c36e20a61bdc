"""The files in configs/ are what they say, and the page about experiments is true."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from made import Finished, call
from made.archives import ffhq, widerface
from made.doc_commands import PARSED_ONLY
from made.imports import do_import
from made.places import ROOT

from fsrbench.experiment.config import read_experiment

pytestmark = pytest.mark.heavy  # whole runs

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))
PAGE = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
QUICK = ("--device", "cpu", "--limit", 2, "--methods", "bicubic,nearest", "--metrics", "psnr,ssim")


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made FFHQ and WIDER FACE under the names that configs/paper.yaml has."""
    monkeypatch.setenv("FSRBENCH_DATA", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    do_import("ffhq", ffhq(tmp_path / "ffhq", thumbnails=True), tmp_path / "home" / "ffhq-val")
    do_import("widerface", widerface(tmp_path / "wider"), tmp_path / "home" / "widerface-val")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    return tmp_path


@contextmanager
def no_pictures() -> Iterator[None]:
    """Plots and grids are slow, and other tests look at them."""
    plots = mock.patch.multiple("fsrbench.reports.plots.draw", write_plots=mock.DEFAULT, write_sweep=lambda *_: [])
    with plots, mock.patch("fsrbench.gallery.keep.write_grid"):
        yield


def test_there_are_three() -> None:
    assert [path.name for path in CONFIGS] == ["paper.yaml", "quick.yaml", "sweep.yaml"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_they_are_read_and_are_of_few_words(path: Path) -> None:
    experiment = read_experiment(path, {})
    assert experiment.out == Path("runs") / path.stem
    assert {method for run in experiment.runs for method in run.spec.methods} == {"bicubic", "scgan", "ours"}
    assert path.read_text().startswith("# ")


def test_paper_has_every_number_of_the_table() -> None:
    runs = {run.name: run.spec for run in read_experiment(ROOT / "configs" / "paper.yaml", {}).runs}
    assert {"detection", "niqe"} <= set(runs["wider"].metrics)
    assert {"psnr", "ssim", "fid", "kid", "verification", "latency_ms"} <= set(runs["ffhq"].metrics)


def test_paper_runs_on_imported_archives(archives: Path) -> None:
    with no_pictures():
        result = call("run", "--config", "configs/paper.yaml", *QUICK, "--metrics", "psnr,params")
    assert result.exit_code == 0, result.output
    found = Finished(0, "", "", archives / "runs/paper/ffhq")
    assert found.manifest["dataset"]["n"] == 2
    assert found.status("bicubic", "psnr") == "ok"
    assert Finished(0, "", "", archives / "runs/paper/wider").status("bicubic", "psnr") == "invalid"
    assert "| Bicubic |" in (archives / "runs/paper/tables/quality.md").read_text()


def test_the_page_shows_what_is_taken(archives: Path) -> None:
    """Its commands on the files of configs/; tests/docs runs the others."""
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 2
    for number, block in enumerate(blocks):
        path = archives / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        assert read_experiment(path, {}).runs
    commands = [shlex.split(line, comments=True) for line in re.findall(r"^fsrbench .*", PAGE, re.MULTILINE)]
    assert len(commands) >= 4
    left_out = [arguments for _, *arguments in commands if PARSED_ONLY.keys() & set(arguments)]
    assert len(left_out) == 2
    for arguments in left_out:
        with no_pictures():
            result = call(*arguments, *QUICK)
        assert result.exit_code == 0, (arguments, result.output)
