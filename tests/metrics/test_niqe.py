"""NIQE against pyiqa's own module, with made-up and with the published parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import torch
from made.textured import without_ties
from PIL import Image
from torch import Tensor

from fsrbench.errors import Unavailable
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.niqe import BLOCK, SIDE, Niqe
from fsrbench.metrics.niqe_features import block_features, luma
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import TASKS, find_task
from fsrbench.weights import ENVIRONMENT

FACTS = Facts(TASKS["x4"], images=3, has_hr=False, has_pairs=False)
FILE = "niqe_pris_params.npz"


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> Path:
    """A folder with pristine parameters that nobody published."""
    rng = np.random.RandomState(0)
    root = rng.normal(size=(36, 36))
    np.savez(tmp_path / FILE, mu_pris_param=rng.uniform(size=(1, 36)), cov_pris_param=root @ root.T + np.eye(36))
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    return tmp_path


@pytest.fixture
def published(shared_weights, monkeypatch) -> Path:
    monkeypatch.setenv(ENVIRONMENT, str(shared_weights))
    return shared_weights


@pytest.fixture
def reference(tmp_path) -> Callable[[Path], Any]:
    """pyiqa's module with the parameters of a folder, handed over as the .mat that it reads."""

    def build(folder: Path) -> Any:
        from pyiqa.archs.niqe_arch import NIQE

        with np.load(folder / FILE) as file:
            mat = {"mu_prisparam": file["mu_pris_param"], "cov_prisparam": file["cov_pris_param"]}
        scipy.io.savemat(tmp_path / "pristine.mat", mat)
        return NIQE(pretrained_model_path=str(tmp_path / "pristine.mat"))

    return build


def textured(count: int, side: int) -> Tensor:
    rng = np.random.RandomState(1)
    coarse = rng.randint(0, 256, (count, side // 4, side // 4, 3)).astype(np.uint8)
    smooth = [np.asarray(Image.fromarray(p).resize((side, side), Image.Resampling.BICUBIC)) for p in coarse]
    pictures = np.clip(np.stack(smooth) + rng.normal(0, 6, (count, side, side, 3)), 0, 255).astype(np.uint8)
    return to_tensor(without_ties(pictures))


def grey(side: int) -> Tensor:
    """A picture without colour, whose luma is a whole number, enlarged, too."""
    return textured(1, side)[:, :1].expand(-1, 3, -1, -1)


def test_luma_halfway_between_two_numbers_is_rounded_as_by_numpy():
    pixels = np.random.RandomState(0).randint(0, 256, (1, 400, 400, 3))
    halfway = (pixels @ [299, 587, 114] % 1000 == 500).sum()
    values = (pixels / np.float32(255)).astype(np.float32) * np.array([0.299, 0.587, 0.114], np.float32)
    expected = np.rint((values[..., 0] + values[..., 1] + values[..., 2]) * np.float32(255))
    assert halfway > 100
    np.testing.assert_array_equal(luma(to_tensor(pixels.astype(np.uint8))).numpy(), expected)


@pytest.mark.parametrize("parameters", ["made_up", "published"])
@pytest.mark.parametrize("side", [192, 200, 256, 512])
def test_is_pyiqas(parameters, side, request, reference):
    theirs = reference(request.getfixturevalue(parameters))
    pictures = textured(2, side)
    assert Niqe().score(pictures, None).tolist() == pytest.approx(theirs(pictures).tolist(), abs=1e-6)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_small_pictures_are_enlarged(made_up, reference, task):
    small = grey(task.hr_size)
    enlarged = Image.fromarray(to_uint8(small)[0]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    expected = reference(made_up)(to_tensor(np.stack([np.asarray(enlarged)]))).item()
    assert SIDE == 256
    assert Niqe().score(small, None).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("task", "says"), [("x4", "ENLARGED"), ("x8", "ENLARGED"), ("48x4", 192), ("512x1", 512)])
def test_the_protocol_says_what_happens_at_the_size_of_the_task(task, says):
    """Below 192 px it is word for word that of versions that enlarged all below 256 px, which references contain."""
    enlarged = "pictures below 256 px, SR and HR alike, enlarged to 256 px by Pillow BICUBIC and rounded to 8 bit"
    expected = enlarged if says == "ENLARGED" else f"pictures as they are, at {says} px"
    metric = Niqe().configured(replace(FACTS, task=find_task(task)))
    assert metric.protocol == (
        f"{expected}; pyiqa's NIQE (Y of YIQ rounded; whole 96 px blocks from the top left), "
        "BasicSR's pristine parameters"
    )
    assert "below 192 px" in Niqe().protocol


def test_enlarging_from_another_size_on_is_enlarging(made_up):
    picture = textured(1, 200)
    assert Niqe(384, native=384).score(picture, None).item() != pytest.approx(Niqe().score(picture, None).item())


@pytest.mark.parametrize(("side", "kernel"), [(192, "BICUBIC"), (256, "NEAREST")])
def test_another_enlargement_is_done_and_in_the_protocol(made_up, reference, side, kernel):
    small = grey(64)
    enlarged = Image.fromarray(to_uint8(small)[0]).resize((side, side), Image.Resampling[kernel])
    expected = reference(made_up)(to_tensor(np.stack([np.asarray(enlarged)]))).item()
    metric = Niqe(side, Image.Resampling[kernel])
    assert metric.score(small, None).item() == pytest.approx(expected, abs=1e-6)
    assert f"enlarged to {side} px by Pillow {kernel}" in metric.protocol


def test_distance_is_that_of_the_paper(made_up):
    """Mittal et al. 2013, equation 10, in NumPy from the features of the blocks."""
    picture = textured(1, 288)
    blocks = block_features(luma(picture), BLOCK)[0].numpy()
    assert blocks.shape == (9, 36)
    with np.load(made_up / FILE) as pristine:
        apart = pristine["mu_pris_param"][0] - blocks.mean(axis=0)
        pooled = (pristine["cov_pris_param"] + np.cov(blocks, rowvar=False)) / 2
    found = Niqe().score(picture, None).item()
    assert found == pytest.approx(np.sqrt(apart @ np.linalg.pinv(pooled) @ apart), rel=1e-6)


def test_only_whole_blocks_from_the_top_left_count(made_up):
    """What the protocol line says: of 256 px NIQE reads 192, hence of a 64 px face the first 48 rows and columns."""
    picture = textured(1, 64)
    base = Niqe().score(picture, None).item()
    for corner, counts in [(slice(0, 9), True), (slice(55, 64), False)]:
        changed = picture.clone()
        changed[..., corner, corner] = 0.5
        assert (Niqe().score(changed, None).item() != pytest.approx(base, abs=1e-6)) == counts


def test_a_batch_is_scored_picture_by_picture(made_up):
    pictures = textured(3, 64)
    singles = [Niqe().score(p[None], None).item() for p in pictures]
    assert Niqe().score(pictures, None).tolist() == singles
    assert len(set(singles)) == 3


def test_a_flat_picture_has_no_number_and_does_not_affect_others(made_up):
    picture = textured(1, 64)
    values = Niqe().score(torch.cat([torch.full_like(picture, 0.5), picture]), None)
    assert torch.isnan(values[0])
    assert values[1].item() == Niqe().score(picture, None).item()


def test_published_parameters_rank_a_face_above_its_blur(published, faces):
    sharp = faces(3, 64)
    blurred = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(sharp, 4), scale_factor=4, mode="bicubic")
    values = Niqe().score(torch.cat([sharp, blurred.clamp(0, 1)]), None)
    assert (values[:3] < values[3:]).all()


def test_unavailable_without_parameters(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "nowhere"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(Unavailable, match=rf"{FILE} not found; `fsrbench weights fetch niqe`, .*\${ENVIRONMENT}"):
        Niqe().check(FACTS)


def test_available_with_parameters(made_up):
    Niqe().check(FACTS)
