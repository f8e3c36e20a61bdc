"""Faces of 512 px: scoring beside other tools, the cost of a pixel, memory and cache.

CPU time, all programs in turns: what else runs on the machine counts for little then.
"""

from __future__ import annotations

import io
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from bench import Row
from made_faces import LARGE, large_face
from PIL import Image
from skimage.metrics import structural_similarity

from fsrbench import weights
from fsrbench.machine.memory import tune_malloc
from fsrbench.metrics.quality import ms_ssim, psnr, ssim
from fsrbench.pictures.decode import to_tensor

BIN = Path(sys.executable).parent
PAIRS = int(os.environ.get("FSRBENCH_PAIRS", "100"))
SIZES = tuple(int(n) for n in os.environ.get("FSRBENCH_LARGE_SIZES", "300").split(","))
SIDES = (64, 128, 256, 512)
ROUNDS = 5
PYIQA = ("psnr", "ssim", "ms_ssim", "niqe")
FACES = """
import sys; from pathlib import Path; import dlib, numpy as np; from PIL import Image
from facenet_pytorch import MTCNN
detector, points, network = MTCNN(keep_all=True), *(make(file) for make, file in zip(
    (dlib.shape_predictor, dlib.face_recognition_model_v1), sys.argv[3:]))
def look(path):
    picture = np.asarray(Image.open(path))
    boxes, scores = detector.detect(picture)
    if boxes is None:
        return 0, None
    x0, y0, x1, y1 = map(round, boxes[scores.argmax()])
    return scores.max(), np.array(network.compute_face_descriptor(
        picture, points(picture, dlib.rectangle(x0, y0, x1, y1))))
for sr in sorted(Path(sys.argv[1]).glob('*.png')):
    (score, mine), (_, theirs) = look(sr), look(Path(sys.argv[2], sr.name))
    print(sr.name, score, None if mine is None or theirs is None else mine @ theirs)
"""


def measure() -> list[Row]:
    """Rows of scoring, of SSIM, and of runs of some sizes."""
    return [*_scoring(), *_ssim(), *(_memory(size) for size in SIZES)]


def _scoring() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i in range(PAIRS):
            hr = large_face(i)
            small = hr.resize((LARGE // 4, LARGE // 4), Image.Resampling.BICUBIC)
            for side, picture in (("HR", hr), ("SR", small.resize(hr.size, Image.Resampling.BICUBIC))):
                (folder / side).mkdir(exist_ok=True)
                picture.save(folder / side / f"{i:03}.png")
        environment = os.environ | {"TORCH_HOME": name}
        _niqe_for_pyiqa(folder / "hub" / "pyiqa" / "niqe_modelparameters.mat")
        metrics = ",".join([*PYIQA, "detection", "identity"])
        run = [BIN / "fsrbench", "run", "--offline", "--methods", f"images:{folder}/SR", "--data", f"{folder}/HR"]
        ours = _cpu([*run, "--task", "128x4", "--metrics", metrics, "--device", "cpu", "--out", f"{folder}/run"])
        each = {
            metric: _cpu(
                [BIN / "pyiqa", metric, "-t", folder / "SR", "-r", folder / "HR", "--device", "cpu"], environment
            )
            for metric in PYIQA
        }
        models = [weights.find("dlib-landmarks"), weights.find("dlib-descriptor")]
        each["faces"] = _cpu([sys.executable, "-c", FACES, folder / "SR", folder / "HR", *models])
    theirs = sum(each.values())
    times = ", ".join(f"{name} {seconds:.0f}" for name, seconds in each.items())
    how = f"{PAIRS} pairs of 512 px; {metrics.replace(',', ', ')}: {ours:.0f} s of CPU against {theirs:.0f} ({times}); "
    how += "faces: MTCNN of SR and HR with its defaults, dlib's descriptor of both"
    return [Row("Scoring at 512 px over pyiqa and a face script", f"{ours / theirs:.2f}", "at most 0.5", how)]


def _niqe_for_pyiqa(path: Path) -> None:
    """Our file of NIQE's parameters as pyiqa's, which it would download."""
    from scipy.io import savemat

    path.parent.mkdir(parents=True)
    found = np.load(weights.find("niqe"))
    savemat(path, {"mu_prisparam": found["mu_pris_param"], "cov_prisparam": found["cov_pris_param"]})


def _cpu(command: list[object], environment: dict[str, str] | None = None) -> float:
    """Seconds of CPU time that a program takes, with those it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(part) for part in command], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _ssim() -> list[Row]:
    torch.set_num_threads(1)
    tune_malloc()
    picture = np.asarray(large_face(0))
    other = np.clip(picture + np.random.default_rng(0).normal(0, 8, picture.shape), 0, 255).astype(np.uint8)
    pair = to_tensor(np.stack([picture])), to_tensor(np.stack([other]))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    ours, theirs = _in_turns(
        lambda: ssim(*pair), lambda: structural_similarity(picture, other, data_range=255, **options)
    )
    rows = [
        Row("SSIM at 512 px over scikit-image", f"{ours / theirs:.2f}", "at most 1.2",
            f"one picture, one thread, CPU time: {1000 * ours:.0f} ms against {1000 * theirs:.0f} ms"),
    ]  # fmt: skip
    for name, metric in (("psnr", psnr), ("ssim", ssim), ("ms_ssim", ms_ssim)):
        cuts = [tuple(_cut(x, side) for x in pair) for side in SIDES]
        times = _in_turns(*(partial(metric, *cut) for cut in cuts))
        nanoseconds = [1e9 * seconds / LARGE**2 for seconds in times]
        costs = ", ".join(f"{cost:.0f} ns at {side} px" for cost, side in zip(nanoseconds, SIDES, strict=True))
        value = f"{max(nanoseconds) / min(nanoseconds):.2f}"
        how = f"{name}, as many pixels of each side, one thread, CPU time: {costs}"
        target = "at most 1.5" if name == "ssim" else ""
        rows.append(Row("Cost of a pixel from 64 to 512 px, most over least", value, target, how))
    return rows


def _cut(picture: torch.Tensor, side: int) -> torch.Tensor:
    """1,3,H,W in squares: N,3,side,side."""
    squares = picture[0].unfold(1, side, side).unfold(2, side, side)
    return squares.permute(1, 2, 0, 3, 4).reshape(-1, 3, side, side).contiguous()


def _in_turns(*works: Callable[[], object]) -> list[float]:
    """Seconds of CPU time of each, the least of some rounds after one that does not count."""
    best = [float("inf")] * len(works)
    for turn in range(ROUNDS + 1):
        for place, work in enumerate(works):
            start = time.process_time()
            work()
            if turn:
                best[place] = min(best[place], time.process_time() - start)
    return best


METHODS = ("bicubic", "bilinear", "lanczos")
RUN = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
import made_faces
made_faces.install(int(sys.argv[2]), large=True)
from fsrbench.machine.console import Reporter
from fsrbench.benchmark import compute
from fsrbench.spec import parse_spec
start = time.process_time()
compute(parse_spec(methods=sys.argv[4].split(","), data="made", task="128x4", metrics=["psnr", "ssim"],
                   out=sys.argv[3], device="cpu"), Reporter())
print("TOLD", time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def _memory(size: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-c", RUN, str(Path(__file__).parent), str(size), str(out), ",".join(METHODS)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cache = sum(file.stat().st_size for file in (out / "cache").rglob("*") if file.is_file())
        kept = [file for row in ("lr", "hr", *METHODS) for file in sorted((out / "images" / row).rglob("*.png"))]
        by_row: dict[str, list[int]] = {}
        for file in kept:
            by_row.setdefault(file.relative_to(out / "images").parts[0], []).append(_png(Image.open(file)))
    pictures = sum(size * float(np.mean(sizes)) for sizes in by_row.values())
    found = re.search(r"TOLD (\S+) (\S+)", printed)
    assert found is not None
    seconds, gigabytes = map(float, found.groups())
    value = f"{gigabytes:.2f} GiB, cache {cache / pictures:.2f} of PNG"
    how = f"{', '.join(METHODS)} at 128x4; psnr, ssim; {1000 * seconds / size / len(METHODS):.0f} ms of CPU a picture; "
    how += f"cache {cache / 2**20:,.0f} MiB; PNG: LR, HR and SR at Pillow's default level"
    return Row(f"{size:,} images of 512 px x {len(METHODS)} methods", value, "under 4 GiB for 3,000, at most 1.3", how)


def _png(picture: Image.Image) -> int:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.tell()
