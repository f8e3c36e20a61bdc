"""The notebook runs from top to bottom, and is kept without what it printed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from made.doc_blocks import ROOT

pytestmark = pytest.mark.docs

NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"


def test_outputs_are_not_kept() -> None:
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    assert sum("image/png" in output["data"] for output in shown) == 2
    assert any("Verification" not in text and "PSNR" in text for text in _markdown(shown))


def _markdown(shown: list[nbformat.NotebookNode]) -> list[str]:  # noqa: F821 (imported where it is installed)
    return [output["data"]["text/markdown"] for output in shown if "text/markdown" in output["data"]]
