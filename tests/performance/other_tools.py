"""The same scores from pyiqa's command line, a metric at a time, and from a script that runs each tool in turn."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from bench import Row

METRICS = ("psnr", "ssim", "vif", "gmsd", "nlpd")
UNEQUAL = ("ssim",)
"""pyiqa's SSIM is another number than scikit-image's, which ours is."""
PYIQA = Path(sys.executable).with_name("pyiqa")
FSRBENCH = Path(sys.executable).with_name("fsrbench")
FACES = """
import sys; from pathlib import Path; import numpy as np; from PIL import Image; from facenet_pytorch import MTCNN
found = [MTCNN(keep_all=True).detect(Image.open(p))[1] for p in sorted(Path(sys.argv[1]).rglob('*.png'))]
print(sum(f[0] is not None for f in found))
"""


def measure() -> list[Row]:
    """Seconds of both for the sample's pictures, and whether the scores are equal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = _run(folder / "made", "ours", "psnr")
        pictures, hr = made / "images" / "ours", made / "images" / "hr"
        _run(folder / "warm", f"images:{pictures}", ",".join(METRICS))  # modules are compiled once
        ours = _seconds(lambda: _run(folder / "scored", f"images:{pictures}", ",".join(METRICS)))
        scores = pd.read_parquet(folder / "scored" / "scores.parquet")
        theirs, worst = 0.0, 0.0
        for metric in METRICS:
            start = time.perf_counter()
            found = _pyiqa(metric, pictures, hr)
            theirs += time.perf_counter() - start
            if metric not in UNEQUAL:
                mine = scores[scores["metric"] == metric].set_index("image")["value"]
                worst = max(worst, float(np.abs(mine - found[mine.index]).max()))
        faces = _seconds(
            lambda: subprocess.run([sys.executable, "-c", FACES, str(pictures)], check=True, capture_output=True)
        )
        both = _seconds(lambda: _run(folder / "both", f"images:{pictures}", ",".join([*METRICS, "detection"])))
    named = f"{len(METRICS)} metrics ({', '.join(METRICS)}) on 192 files"
    equal = f"scores differ by at most {worst:.0e}, but for ssim, another number there"
    return [
        Row("Scoring a folder over pyiqa's command line", f"{ours / theirs:.2f}", "at most 0.33",
            f"{named}: {ours:.1f} s against {theirs:.1f} s; {equal}"),
        Row("Over each tool in turn", f"{both / (theirs + faces):.2f}", "",
            f"the same and MTCNN's detection: {both:.1f} s against {theirs + faces:.1f} s"),
    ]  # fmt: skip


def _run(out: Path, method: str, metrics: str) -> Path:
    command = [FSRBENCH, "run", "--offline", "--methods", method, "--metrics", metrics, "--device", "cpu", "--out", out]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return out


def _pyiqa(metric: str, pictures: Path, hr: Path) -> pd.Series:
    """Scores by image."""
    command = [PYIQA, metric, "-t", pictures, "-r", hr, "--device", "cpu", "-v"]
    printed = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    plain = printed[printed.index("{") :].replace("np.float64(", "").replace(")", "")
    found = next(iter(ast.literal_eval(plain).values()))
    pairs = {key.partition(" | ")[0]: value for key, value in found.items() if " | " in key}
    return pd.Series({str(Path(k).relative_to(pictures).with_suffix("")): v for k, v in pairs.items()})


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
