"""The notebooks run from top to bottom, and are kept without what they printed."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from made.doc_blocks import ROOT

pytestmark = pytest.mark.docs

NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_not_kept(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_quick_start_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run_notebook("quickstart", tmp_path, monkeypatch)
    assert sum("image/png" in output["data"] for output in shown) == 2
    assert any("Verification" not in text and "PSNR" in text for text in _markdown(shown))


def test_analysis_redraws_the_boards_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run_notebook("analysis", tmp_path, monkeypatch)
    tables = [text for text in _markdown(shown) if text.startswith("**")]
    assert [text.partition("\n")[0] for text in tables] == ["**sample, x4, bicubic**", "**sample, x4, realworld**"]
    page = (tmp_path / "board" / "index.html").read_text(encoding="utf-8")
    for text in tables:
        values = re.findall(r"(\d+\.\d{3}) ± \d+\.\d{3} \((\d(?:–\d)?)\)", text)
        assert len(values) == 6  # three methods, two metrics
        assert {ranks for _, ranks in values} <= set(re.findall(r"\d(?:–\d)?", page))
    assert any("image/png" in output["data"] for output in shown)


def run_notebook(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the cells of a notebook show, run in a folder."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(ROOT / "docs" / f"{name}.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]


def _markdown(shown: list[Any]) -> list[str]:
    return [output["data"]["text/markdown"] for output in shown if "text/markdown" in output["data"]]
