"""What the harness adds to the pure cost of models and metrics: the same images through a bare loop."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from bench import Row
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.prepare import prepare
from fsrbench.engine.run import execute
from fsrbench.machine.console import Reporter
from fsrbench.methods.names import load_method
from fsrbench.metrics.extractors.detectors import Mtcnn
from fsrbench.metrics.quality import psnr, ssim
from fsrbench.pictures.decode import decode, to_tensor, to_uint8
from fsrbench.spec import parse_spec
from fsrbench.tasks import TASKS

METHODS = ("ours", "scgan")
ROUNDS = 3


def measure() -> list[Row]:
    """Ratio of the medians of some rounds, taken in turns."""
    harness, bare = [], []
    for _ in range(ROUNDS):
        harness.append(_harness())
        bare.append(_bare())
    ratio = np.median(harness) / np.median(bare)
    how = (
        "ours and scgan on the sample: degrade, super-resolve, psnr, ssim, detection; against a loop with nothing else"
    )
    value = f"{100 * (ratio - 1):+.0f} %"
    return [Row("Harness over a bare loop", value, "at most +10 %", f"{how}; {np.median(bare):.1f} s bare")]


def _harness() -> float:
    with tempfile.TemporaryDirectory() as folder:
        spec = parse_spec(
            methods=METHODS, metrics=("psnr", "ssim", "detection"), out=Path(folder) / "run", device="cpu"
        )
        start = time.perf_counter()
        execute(prepare(spec, Reporter()), Reporter())
        return time.perf_counter() - start


def _bare() -> float:
    start = time.perf_counter()
    degrade, detector, cpu = find_degradation("bicubic"), Mtcnn(), torch.device("cpu")
    methods = [load_method(name, TASKS["x4"], cpu) for name in METHODS]
    samples = list(open_dataset("sample"))
    with torch.inference_mode():
        for first in range(0, len(samples), 16):
            hr = [
                decode(s.hr.read()).resize((64, 64), Image.Resampling.LANCZOS)
                for s in samples[first : first + 16]
                if s.hr
            ]
            lr = [np.asarray(degrade(image, 16, rng_for(""))[0]) for image in hr]
            truth = to_tensor(np.stack([np.asarray(image) for image in hr]))
            detector.extract(truth, {})
            for method in methods:
                made = to_tensor(to_uint8(method.upscale(to_tensor(np.stack(lr)))))
                psnr(made, truth)
                ssim(made, truth)
                detector.extract(made, {})
    return time.perf_counter() - start
