"""``data degrade`` and a run on what it wrote give the scores of a run that degrades itself, at any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made import call, encode_picture, run, write_files
from PIL import Image, ImageDraw

pytestmark = pytest.mark.heavy  # six whole runs


def made_face(seed: int, side: int = 512) -> Image.Image:
    """An oval with eyes and a mouth before coloured noise, another for each seed."""
    rng = np.random.RandomState(seed)
    ground = Image.fromarray(rng.randint(0, 256, (16, 16, 3)).astype(np.uint8)).resize((side, side))
    draw = ImageDraw.Draw(ground)
    skin = tuple(int(level) for level in rng.randint(90, 230, 3))
    draw.ellipse([side * 0.2, side * 0.1, side * 0.8, side * 0.95], fill=skin)
    for x in (0.37, 0.63):
        draw.ellipse([side * (x - 0.06), side * 0.4, side * (x + 0.06), side * 0.46], fill=(30, 20, 20))
    draw.arc([side * 0.38, side * 0.6, side * 0.62, side * 0.75], 20, 160, fill=(150, 40, 40), width=side // 40)
    noise = rng.normal(0, 5, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(ground) + noise, 0, 255).round().astype(np.uint8))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"{name}/{i}.png": encode_picture(made_face(i)) for i, name in enumerate(["ann", "bob"])}
    return write_files(tmp_path_factory.mktemp("data") / "faces", files)


@pytest.mark.parametrize(
    ("task", "degradation"), [("128x4", "gfpgan"), ("512x1", "codeformer-large"), ("16x8", "realworld")]
)
def test_scores_are_the_same(data: Path, tmp_path: Path, task: str, degradation: str) -> None:
    how = ["--task", task, "--degradation", degradation, "--seed", 5]
    metrics = ["--metrics", "psnr,ssim,colour_drift", "--seed", 5]
    direct = run(data, tmp_path / "direct", *how, *metrics, methods="nearest")
    assert call("data", "degrade", data, f"{tmp_path / 'prepared'}/", *how).exit_code == 0
    prepared = run(tmp_path / "prepared", tmp_path / "out", "--task", task, *metrics, methods="nearest")
    assert direct.code == prepared.code == 0, direct.stderr + prepared.stderr
    assert direct.manifest["degradation"]["name"] == degradation
    assert prepared.manifest["degradation"]["name"] == "none"
    pd.testing.assert_frame_equal(prepared.scores, direct.scores, check_exact=True)
    assert len(direct.scores) >= 2 * 3
    columns = ["method", "metric", "value", "ci_low", "ci_high", "n"]
    pd.testing.assert_frame_equal(prepared.summary[columns], direct.summary[columns])
    for name in ("lr_size", "noise", "brightness"):
        one, other = (pd.read_csv(done.path / "properties.csv")[name] for done in (direct, prepared))
        np.testing.assert_array_equal(one, other)
