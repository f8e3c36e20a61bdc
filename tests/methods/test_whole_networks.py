"""Published architectures of full size with random weights, as checkpoints: from the file to the scored picture."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import Finished, run
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from fsrbench.datasets import open_dataset
from fsrbench.methods.memory_layout import set_layout
from fsrbench.pictures.decode import decode

pytestmark = pytest.mark.slow  # 87 million parameters: 5 s of a core for each of some ten calls of the network
SIDE = 512
SETTINGS = {"out_size": SIDE, "input_is_latent": True, "different_w": True, "narrow": 1, "sft_half": True}
"""GFPGAN v1.3 and v1.4 as their authors' inference_gfpgan.py builds them."""


def gfpgan() -> torch.nn.Module:
    """GFPGAN (Wang et al., CVPR 2021), the clean architecture."""
    name = "spandrel.architectures.GFPGAN.__arch.gfpganv1_clean_arch"
    arch = pytest.importorskip(name, reason="the extra [checkpoint] is not installed")
    network: torch.nn.Module = arch.GFPGANv1Clean(num_style_feat=512, channel_multiplier=2, num_mlp=8, **SETTINGS)
    return network


def codeformer() -> torch.nn.Module:
    """CodeFormer (Zhou et al., NeurIPS 2022)."""
    if importlib.util.find_spec("spandrel_extra_arches") is None:
        pytest.skip("spandrel_extra_arches, which has CodeFormer and is not for commercial use, is not installed")
    from spandrel_extra_arches.architectures.CodeFormer import CodeFormer

    network: torch.nn.Module = CodeFormer()
    return network


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One face of the sample, at 512 px."""
    sample = open_dataset("sample").samples[0]
    assert sample.hr is not None
    (tmp_path / "data").mkdir()
    decode(sample.hr.read()).resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(tmp_path / "data" / "face.png")
    return tmp_path / "data"


@pytest.fixture
def weights(tmp_path: Path) -> Iterator[Path]:
    """Where a checkpoint goes: 350 MB, which pytest would keep for three sessions."""
    path = tmp_path / "network.pth"
    yield path
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(("make", "known_as"), [(gfpgan, "GFPGAN"), (codeformer, "CodeFormer")])
def test_a_checkpoint_of_full_size_gives_the_networks_own_output(
    make: Callable[[], torch.nn.Module], known_as: str, data: Path, weights: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = make().eval()
    torch.save({"params_ema": network.state_dict()}, weights)
    options = ["--task", "512x1", "--degradation", "codeformer-large", "--metrics", "psnr", "--save-images"]
    done = run(data, tmp_path / "out", *options, methods=f"checkpoint:{weights}")
    assert done.code == 0, done.stderr
    name = f"checkpoint:{weights}"
    assert known_as in done.manifest["methods"][name]["description"]
    lr, sr, hr = pictures(done)
    # GFPGAN's noise weights are 0 at first. With random weights, the rounding of another memory layout would change
    # some of CodeFormer's choices from its codebook.
    set_layout(network, torch.channels_last)
    with torch.inference_mode():
        direct = network(torch.from_numpy(lr.copy()).permute(2, 0, 1)[None].float() / 255)[0]
    expected = direct.squeeze(0).permute(1, 2, 0).clamp(0, 1).mul(255).round().numpy()
    assert np.abs(expected - sr).max() <= 1
    assert 10 < sr.std() < 120
    assert done.values(name) == pytest.approx({"face": peak_signal_noise_ratio(hr, sr)})


def pictures(done: Finished) -> Any:
    """LR, SR and HR of the one face."""
    rows = ("lr", next(p.name for p in (done.path / "images").iterdir() if p.name.startswith("checkpoint")), "hr")
    return [np.asarray(Image.open(done.path / "images" / row / "face.png")) for row in rows]
