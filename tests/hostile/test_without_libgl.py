"""Where OpenCV cannot be loaded for want of libGL, as in slim containers, everything but RetinaFace works."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from made.forked import COMMAND_LINE, run_python
from made.places import TESTS

from fsrbench.machine.packages import cannot_import, opencv_if_it_loads

REASON = "libGL.so.1: cannot open shared object file: No such file or directory"
HIDING = f"""
import sys

class Hides:
    def find_spec(self, name, path=None, target=None):
        if name == "cv2":
            raise ImportError({REASON!r})

sys.meta_path.insert(0, Hides())
"""
"""Run by every Python that finds it: `import cv2` then fails as without libGL."""


@pytest.mark.heavy
def test_a_run_computes_pyiqas_metrics_and_says_what_retinaface_needs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HIDING)
    metrics = "psnr,vif,gmsd,niqe_face,detection,detection_retinaface"
    flags = ["--methods", "bicubic", "--metrics", metrics, "--limit", "2", "--offline", "--out", "out"]
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{TESTS}"}
    done = run_python(HIDING + COMMAND_LINE, "run", *flags, cwd=tmp_path, env=environment)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    found = pd.read_csv(tmp_path / "out" / "summary.csv").query("method == 'bicubic'").set_index("metric")
    assert set(found.loc[["psnr", "vif", "gmsd", "niqe_face", "detection"], "status"]) == {"ok"}
    pytest.importorskip("retinaface")
    note = found.loc["detection_retinaface", "note"]
    assert f"cannot be imported: ImportError: {REASON}" in note
    assert "`pip install --force-reinstall --no-deps opencv-python-headless`" in note


def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hides:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "cv2":
                raise ImportError(REASON)

    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Hides(), *sys.meta_path])


def test_what_uses_opencv_all_the_same_says_why_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden(monkeypatch)
    with opencv_if_it_loads():
        import cv2
    with pytest.raises(ImportError, match=rf"needs OpenCV: ImportError: {REASON}; `pip install .*headless`"):
        cv2.resize(None, (1, 1))
    with pytest.raises(ImportError, match=r"^libGL"):  # nobody else meets the stand-in
        import cv2


def test_an_opencv_that_loads_is_used() -> None:
    cv2 = pytest.importorskip("cv2")
    with opencv_if_it_loads():
        import cv2 as found
    assert found is cv2


def test_a_package_that_is_there_is_not_called_missing() -> None:
    broken = cannot_import("torch", "torch", ImportError(REASON))
    assert str(broken).startswith(f"torch cannot be imported: ImportError: {REASON}; `pip")
    assert broken.missing is None  # the package's version will not tell when it works
    absent = cannot_import("no-such-package", "fsrbench[no]", ModuleNotFoundError("No module named no"))
    assert (str(absent), absent.missing) == (
        "no-such-package is missing; `pip install 'fsrbench[no]'`",
        "no-such-package",
    )


USES = """
import sys
import torch
from fsrbench.machine.packages import import_torchvision
import_torchvision()
assert "torch._dynamo" not in sys.modules, "the compiler was imported"
from torchvision.ops import roi_align
args = torch.rand(1, 1, 16, 16), torch.tensor([[0, 1.0, 1, 9, 9]]), 2
plain = roi_align(*args)
assert "torch._dynamo" not in sys.modules
torch.use_deterministic_algorithms(True)  # now torchvision asks whether it may compile
assert torch.allclose(roi_align(*args), plain)
import torch._dynamo
assert torch._dynamo.__file__ and torch._dynamo.utils.is_compile_supported("cpu") in (True, False)
"""


@pytest.mark.heavy
def test_torchvision_comes_without_the_compiler_which_works_when_it_is_wanted() -> None:
    done = run_python(USES)
    assert done.returncode == 0, done.stderr
