"""Grid artefacts: against NumPy's FFT; planted combs of any kind raise it, other patterns do not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from made import draw_picture, picture_files, run, write_files

from fsrbench.errors import Invalid
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.grid_artefacts import FLOOR, NEIGHBOURS, GridArtefacts, grid_artefacts
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import Task

SIZES = [(64, 4), (128, 8), (96, 4), (256, 4), (96, 3), (512, 4), (512, 8)]


def textured(side: int, count: int = 3) -> np.ndarray:
    """Smooth pictures with noise whose amplitude falls with its frequency, as in photographs."""
    rng = np.random.RandomState(side)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(count, side, side))) / (frequency + 1 / side)).real
    noise *= 12 / noise.std()
    smooth = np.stack([np.asarray(draw_picture(seed, side), float) for seed in range(count)])
    return np.clip(smooth * 0.6 + 50 + noise[..., None], 0, 255)


def measured(pictures: np.ndarray, period: int) -> list[float]:
    return grid_artefacts(to_tensor(pictures.clip(0, 255).round().astype(np.uint8)), period).tolist()


def by_numpy(picture: np.ndarray, period: int) -> float:
    """The docstring's formula in plain loops."""
    side = len(picture)
    grey = 16 / 255 + picture / 255**2 @ np.array([65.481, 128.553, 24.966])
    window = np.hanning(side + 2)[1:-1]
    power = np.abs(np.fft.fft2((grey - grey.mean()) * np.outer(window, window))) ** 2 / side**2
    found = []
    for along in (power.mean(axis=0) + FLOOR, power.mean(axis=1) + FLOOR):
        for k in range(1, period // 2 + 1):
            place = k * side // period
            beside = np.prod([along[(place + offset) % side] for offset in NEIGHBOURS]) ** (1 / len(NEIGHBOURS))
            found.append(np.sqrt(along[place] / beside))
    return float(np.exp(np.mean(np.log(found))))


@pytest.mark.parametrize(("side", "period"), SIZES)
def test_is_the_formula_in_numpy(side, period):
    pictures = textured(side, 2).round()
    assert measured(pictures, period) == pytest.approx([by_numpy(p, period) for p in pictures], rel=1e-5)


def comb(side: int, period: int) -> np.ndarray:
    return np.broadcast_to((np.arange(side) % period == 0)[:, None], (side, side)).astype(float)


def checkerboard(side: int, period: int) -> np.ndarray:
    places = np.arange(side) // (period // 2) % 2
    return (places[:, None] != places).astype(float)


def local(side: int, period: int) -> np.ndarray:
    """A comb on a quarter of the picture, as one on lips."""
    stripes = comb(side, period).T.copy()
    stripes[: side // 2] = stripes[:, : side // 2] = 0
    return stripes


@pytest.mark.parametrize("grid", [comb, checkerboard, local])
@pytest.mark.parametrize(("side", "period"), [(64, 4), (128, 8), (256, 4), (512, 4), (512, 8)])
def test_planted_grids_raise_it_by_their_strength(grid, side, period):
    pictures, pattern = textured(side), grid(side, period)[..., None]
    found = [np.array(measured(pictures + strength * pattern, period)) for strength in (0, 12, 25, 50)]
    for less, more in pairwise(found):
        assert (less < more).all()
    assert (found[-1] > 1.3 * found[0]).all()


@pytest.mark.parametrize("side", [64, 512])
def test_combs_of_another_period_do_not(side):
    pictures = textured(side)
    other = measured(pictures + 30 * comb(side, 5)[..., None], 4)  # shares no frequency with one of 4
    assert (np.array(other) < np.array(measured(pictures, 4)) + 0.05).all()


def test_flat_pictures_and_white_noise_have_1():
    assert grid_artefacts(torch.full((1, 3, 64, 64), 0.3), 4).item() == pytest.approx(1)
    noise = torch.rand(20, 3, 64, 64, generator=torch.manual_seed(0))
    assert grid_artefacts(noise, 4).mean().item() == pytest.approx(1, abs=0.05)


def facts(task: Task) -> Facts:
    return Facts(task, images=2, has_hr=False, has_pairs=False)


@pytest.mark.parametrize(("task", "period"), [(Task(16, 4), 4), (Task(128, 4), 4), (Task(64, 8), 8), (Task(512, 1), 8)])
def test_the_period_is_the_scale_and_8_for_restoration(task, period):
    metric = GridArtefacts()
    metric.check(facts(task))
    assert metric.configured(facts(task)).period == period
    assert metric.configured(facts(Task(16, 4))).protocol == metric.protocol


@pytest.mark.parametrize("task", [Task(100, 1), Task(8, 8)])
def test_pictures_with_too_few_periods_are_invalid(task):
    with pytest.raises(Invalid, match="needs a whole number of periods of 8 px, at least 9; pictures have"):
        GridArtefacts().check(facts(task))


def test_a_run_scores_hr_too_and_ranks_nothing(tmp_path):
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"], side=128))
    found = run(data, tmp_path / "out", "--metrics", "grid_artefacts", "--task", "x8")
    assert (found.code, found.status("hr", "grid_artefacts")) == (0, "ok")
    assert GridArtefacts.direction == "none"
    picture = np.asarray(draw_picture(0, 128), float)
    assert found.values("hr", "grid_artefacts")["a"] == pytest.approx(by_numpy(picture, 8), rel=1e-5)
