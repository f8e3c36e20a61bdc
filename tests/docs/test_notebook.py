"""The notebooks run from top to bottom, and are kept without what they printed."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from made import write_files
from made.forked import command_line_in
from made.places import ROOT

pytestmark = pytest.mark.docs

KERNEL = """
import matplotlib
from ipykernel.kernelapp import launch_new_instance

matplotlib.use("module://matplotlib_inline.backend_inline")  # the fork has imported it: too late for MPLBACKEND
launch_new_instance()
"""
NOTEBOOKS = sorted((ROOT / "docs").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_not_kept(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@dataclass
class Shown:
    """What the cells of a notebook showed, and the folder in which they ran."""

    outputs: list[Any]
    folder: Path

    @property
    def markdown(self) -> list[str]:
        return [data["text/markdown"] for data in self.outputs if "text/markdown" in data]

    @property
    def pictures(self) -> int:
        return sum("image/png" in data for data in self.outputs)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    """The notebooks, each in a folder of its own, one after another in one kernel that forgets all names between.

    The kernel is a fork of a process with torch, as are the commands that it calls.
    """
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    top = tmp_path_factory.mktemp("notebooks")
    written = {path.stem: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
    together = nbformat.v4.new_notebook(metadata=next(iter(written.values())).metadata)
    for name, notebook in written.items():
        (top / name).mkdir()
        begin = nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {top / name}", metadata={"notebook": name})
        for cell in notebook.cells:
            cell.metadata["notebook"] = name
        together.cells += [begin, *notebook.cells]
    spec = {"argv": [str(top / "bin" / "kernel"), "-f", "{connection_file}"], "interrupt_mode": "message"}
    write_files(top / "kernels" / "python3", {"kernel.json": json.dumps(spec).encode()})
    with (
        command_line_in(top / "bin"),
        command_line_in(top / "bin", "kernel", KERNEL),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("JUPYTER_PATH", str(top))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        patch.setenv("PATH", os.pathsep.join([str(top / "bin"), os.environ["PATH"]]))
        patch.setenv("OMP_NUM_THREADS", "1")
        nbclient.NotebookClient(together, timeout=300, resources={"metadata": {"path": str(top)}}).execute()
    found = {name: Shown([], top / name) for name in written}
    for cell in together.cells:
        found[cell.metadata["notebook"]].outputs += [o["data"] for o in cell.get("outputs", ()) if "data" in o]
    return found


def test_quick_start_runs(shown: dict[str, Shown]) -> None:
    assert shown["quickstart"].pictures == 2
    assert any("Verification" not in text and "PSNR" in text for text in shown["quickstart"].markdown)


def test_analysis_redraws_the_boards_tables(shown: dict[str, Shown]) -> None:
    tables = [text for text in shown["analysis"].markdown if text.startswith("**")]
    assert [text.partition("\n")[0] for text in tables] == ["**sample, x4, bicubic**", "**sample, x4, realworld**"]
    page = (shown["analysis"].folder / "board" / "index.html").read_text(encoding="utf-8")
    for text in tables:
        values = re.findall(r"(\d+\.\d{3}) ± \d+\.\d{3} \((\d(?:–\d)?)\)", text)
        assert len(values) == 6  # three methods, two metrics
        assert {ranks for _, ranks in values} <= set(re.findall(r"\d(?:–\d)?", page))
    assert shown["analysis"].pictures > 0
