"""The plug-in template is built and installed beside this package, found by its entry points, and runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from made.forked import run_python
from made.places import ROOT

pytestmark = pytest.mark.docs

pytest.importorskip("setuptools", minversion="77", reason="setuptools, which builds packages, is not installed")
TEMPLATE = ROOT / "docs" / "plugin-template"
LISTS_AND_RUNS = """
import sys
import pytest
from fsrbench.cli.app import app

out, tests = sys.argv[1:]
lists = [["list", kind] for kind in ("methods", "metrics", "datasets")]
flags = ["--data", "gradients", "--metrics", "psnr,colour_error", "--device", "cpu", "--limit", "2", "--out", out]
for arguments in (*lists, ["run", "--methods", "bicubic,sharpened", *flags]):
    try:
        app(arguments)
    except SystemExit as end:
        assert not end.code, arguments
assert pytest.main(["-q", "-p", "no:cacheprovider", tests]) == 0
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the template's wheel is unpacked to, which is all that installing a pure wheel does."""
    source = Path(shutil.copytree(TEMPLATE, tmp_path_factory.mktemp("source") / "template"))
    target = tmp_path_factory.mktemp("target")
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next(source.glob("*.whl"))) as wheel:
        wheel.extractall(target)
    return target


def test_template_is_found_and_runs(installed: Path, tmp_path: Path) -> None:
    path = os.pathsep.join([str(ROOT), str(installed), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
    done = run_python(LISTS_AND_RUNS, tmp_path / "out", TEMPLATE / "tests", cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr + done.stdout
    for name in ("sharpened", "colour_error", "gradients"):
        assert f" {name} " in done.stdout
    assert "3 passed" in done.stdout
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index(["method", "metric"])
    assert set(summary["status"]) == {"ok"}
    assert summary.loc[("sharpened", "colour_error"), "n"] == 2
