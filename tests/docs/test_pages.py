"""Every block of README and of the pages in docs/ works as it is written, on made data and little of it."""

from __future__ import annotations

import importlib
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
import yaml
from made.doc_blocks import LANGUAGES, PAGES, ROOT, Block, blocks, steps
from made.doc_commands import NOT_HERE, carry_out, parse, quick
from made.doc_stage import MyNetwork, names, set_stage
from made.sample_descriptors import kept_descriptors
from torch import Tensor, nn

from baselines.scgan import SCGAN
from fsrbench.datasets.base import DATASETS
from fsrbench.datasets.sample import sample
from fsrbench.methods.base import METHODS, Method
from fsrbench.metrics import METRICS
from fsrbench.metrics.extractors.detectors import Mtcnn
from fsrbench.tasks import Task
from fsrbench.training import restoration
from reference_model import Ours

pytestmark = pytest.mark.docs

for package in ("spandrel", "onnx", "onnxruntime"):
    pytest.importorskip(package, reason=f"{package}, which pages use, is not installed")
TEMPLATE = ROOT / "docs" / "plugin-template" / "src"
OTHERS = [ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("*/MODEL_CARD.md")), *sorted(ROOT.glob("*/*/MODEL_CARD.md"))]
ALL = sample()
FEW = 72
"""Images of the sample that pages see: 24 people, for code on pages that takes all."""


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stage, made once."""
    return set_stage(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module", autouse=True)
def _known_faces() -> Iterator[None]:
    """MTCNN finds a face once and dlib's network describes it once, however many pages show it."""
    detect, found = Mtcnn._detect, dict[tuple[Any, ...], Any]()

    def known(detector: Mtcnn, picture: np.ndarray) -> Any:
        key = picture.shape, picture.tobytes()
        if key not in found:
            found[key] = detect(detector, picture)
        return found[key]

    with kept_descriptors(), mock.patch.object(Mtcnn, "_detect", known):
        yield


@pytest.fixture
def stage(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A page's own copy of the stage, as the current folder, with the plug-in template's names known."""
    folder = Path(shutil.copytree(shelf, tmp_path / "stage"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FSRBENCH_DATA", str(folder / "home"))
    monkeypatch.setattr(restoration, "HELD_OUT", 0.2)
    monkeypatch.setattr("fsrbench.datasets.sample.sample", lambda: ALL.head(FEW))
    for method in (SCGAN, Ours):
        monkeypatch.setattr(method, "load", small)
        monkeypatch.setattr(method, "upscale", enlarged)
    monkeypatch.syspath_prepend(str(TEMPLATE))
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    with ExitStack() as around:
        around.enter_context(METHODS.temporarily({"sharpened": importlib.import_module("faceplugin.method").Sharpened}))
        around.enter_context(
            METRICS.temporarily({"colour_error": importlib.import_module("faceplugin.metric").ColourError})
        )
        around.enter_context(
            DATASETS.temporarily({"gradients": importlib.import_module("faceplugin.dataset").gradients})
        )
        yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def small(method: SCGAN | Ours, task: Task, device: torch.device) -> None:
    """A network of a few weights for the two that pages run again and again, as each run reads and hashes theirs."""
    method.network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Upsample(scale_factor=task.scale, mode="bilinear")).eval()


def enlarged(method: SCGAN | Ours, lr: Tensor) -> Tensor:
    """In their stead; tests/baselines/ holds SCGAN's SR against its authors' code, test_notebook.py runs ours.

    It takes the millisecond that the gate wants of the method by whose time it divides.
    """
    assert isinstance(method.network, nn.Sequential)
    time.sleep(0.002)
    sr: Tensor = method.network[1](lr)
    return sr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_work_as_written(page: Path, stage: Path) -> None:
    found = blocks(page)
    for block in found:
        if block.file:
            (stage / block.file).write_text(block.text, encoding="utf-8")
    known: dict[str, Any] = {"__name__": "__page__", "model": MyNetwork(), **names()}
    for block in found:
        run_block(block, known, stage, f"{page.name}, line {block.line}")
    for name, value in list(known.items()):
        if isinstance(value, type) and issubclass(value, Method) and value.__module__ == "__page__":
            works(value, name)


def run_block(block: Block, known: dict[str, Any], stage: Path, place: str) -> None:
    """Do what a block says."""
    assert block.language in LANGUAGES, f"{place}: {block.language or 'no language'}"
    if block.language == "sh":
        for step in steps(block):
            carry_out(step, stage)
    elif block.language == "python":
        with quick("run"):
            exec(compile(block.text, place, "exec"), known)
    elif block.language == "yaml":
        assert yaml.safe_load(block.text), place
    elif block.language == "toml":
        assert tomllib.loads(block.text), place


def works(method: type[Method], name: str) -> None:
    """A class that a page shows, run."""
    import fsrbench

    run = fsrbench.evaluate({name: method}, metrics=["psnr"], limit=2, device="cpu", progress=False)
    assert set(run.summary["status"]) == {"ok"}, run.summary


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_of_other_documents_are_taken(page: Path) -> None:
    for block in blocks(page):
        for step in steps(block) if block.language == "sh" else ():
            program, *words = step.words
            if program == "fsrbench":
                parse(words)


def test_programs_that_are_not_called_are_named_somewhere() -> None:
    called = {
        step.words[0] for page in PAGES for block in blocks(page) if block.language == "sh" for step in steps(block)
    }
    assert NOT_HERE.keys() - called <= {"ruff", "mypy", "mkdocs", "pytest"}


def test_broken_blocks_are_seen(stage: Path) -> None:
    for text in ("fsrbench run --methods nobody\n", "fsrbench table runs/nowhere\n", "nonsense --help\n"):
        with pytest.raises(AssertionError):
            run_block(Block("sh", text, 1), {}, stage, "a page")
    with pytest.raises(AssertionError, match="line 3: no language"):
        run_block(Block("", "fsrbench", 3), {}, stage, "a page, line 3")
    with pytest.raises(Exception, match="No such option"):
        run_block(Block("sh", "fsrbench run --methods ours --workers 8 --nonsense\n", 1), {}, stage, "a page")
