"""Honest pictures have no findings, whatever the degradation; little is kept of each, quickly."""

from __future__ import annotations

import time

import numpy as np
import pytest
from made.checked import Pictures, enlarged, honest, levels
from made.drifting import jpeg
from PIL import Image

from fsrbench.checks import method


@pytest.mark.heavy  # 108 sets of pictures
@pytest.mark.parametrize("task", ["x4", "x8"])
@pytest.mark.parametrize(
    "degradation",
    ["bicubic", "opencv-linear", "realworld", "wild", "noise:25", "noise:60", "jpeg:5", "blur:2", "blur:4"],
)
def test_honest_pictures_have_no_findings(task, degradation):
    for kernel in (Image.Resampling.BICUBIC, Image.Resampling.NEAREST, Image.Resampling.LANCZOS):
        pictures = honest(task, degradation, kernel)
        for given in (pictures, pictures.without_hr()):
            assert {finding.check for finding in given.findings()} <= {"equal_to_lr"}


@pytest.mark.parametrize("task", ["4x8", "6x5", "15x4", "31x4", "17x7"])
def test_honest_pictures_of_any_size_have_none(task):
    for given in (honest(task), honest(task).without_hr()):
        assert given.found().keys() <= {"equal_to_lr"}


def test_few_pictures_tell_nothing():
    few = honest(images=3).changed(lambda picture: np.roll(picture, 8, 0)[..., ::-1] // 2)
    assert few.findings() == []


def test_no_pictures():
    nothing = method.measure(np.empty((0, 64, 64, 3), np.uint8), np.empty((0, 16, 16, 3), np.uint8), None)
    assert nothing == {}
    assert method.judge(nothing, [], 64, 4) == []


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_pictures_have_no_findings(value):
    flat = honest().changed(lambda picture: np.full_like(picture, value))
    sr, lr, hr = flat.sr, np.full_like(flat.lr, value), np.full_like(flat.sr, value)
    assert method.judge(method.measure(sr, lr, hr), list("abcdefghijkl"), 64, 4) == []


def test_noise_for_sr_has_no_shift():
    noise = np.random.default_rng(0).integers(0, 256, (12, 64, 64, 3)).astype(np.uint8)
    pictures = honest()
    found = method.judge(method.measure(noise, pictures.lr, pictures.hr), list("abcdefghijkl"), 64, 4)
    assert "shift" not in {finding.check for finding in found}


@pytest.mark.parametrize("times", [0.0, 0.05, 0.5])
def test_an_untrained_network_has_other_tones_but_neither_shift_nor_channels(times):
    """Grey pictures with a little of all sorts of detail."""
    pictures = honest(images=16)
    generator = np.random.default_rng(0)
    detail = [enlarged(generator.integers(0, 256, (4, 4, 3)).astype(np.uint8), 64) for _ in pictures.sr]
    sr = levels(128 + times * (np.stack(detail) - 128.0))
    found = Pictures(sr, pictures.lr, pictures.hr).found().keys()
    assert found
    assert not found & {"shift", "channels", "geometry"}


def test_odd_sizes():
    picture = np.random.default_rng(0).integers(0, 256, (5, 131, 131, 3)).astype(np.uint8)
    assert method.judge(method.measure(picture, picture, None), list("abcde"), 131, 1)[0].check == "equal_to_lr"


@pytest.mark.parametrize(("side", "scale"), [(64, 4), (64, 1), (131, 1), (256, 4)])
def test_pictures_measured_together_are_as_each_alone(side, scale, monkeypatch):
    """Whatever the others are: flat, striped, moved, padded, mirrored at an end, compressed."""
    monkeypatch.setattr(method, "AT_ONCE", 3 * side**2)
    generator = np.random.default_rng(side)
    small = side // scale
    coarse = generator.integers(0, 256, (8, 9, 9, 3)).astype(np.uint8)
    hr = np.stack([np.asarray(Image.fromarray(picture).resize((side, side), 3)) for picture in coarse])
    lr = np.stack([np.asarray(Image.fromarray(picture).resize((small, small), 3)) for picture in hr])
    sr = np.stack([np.asarray(Image.fromarray(picture).resize((side, side), 3)) for picture in lr])
    sr[0] = lr[1] = 90
    sr[2] = generator.integers(0, 256, (side, 1, 3))
    sr[3] = np.roll(sr[3], (5, -3), (0, 1))
    sr[4, : side // 8] = 0
    sr[5, : side // 8] = sr[5, side // 8 : 2 * (side // 8)][::-1]
    sr[6] = jpeg(sr[6], 30)
    for given in (hr, None):
        together = method.measure(sr, lr, given)
        for row in range(len(sr)):
            one = slice(row, row + 1)
            for name, values in method.measure(sr[one], lr[one], None if given is None else given[one]).items():
                np.testing.assert_allclose(together[name][row], values[0], rtol=1e-4, atol=1e-4, err_msg=name)
    assert len(np.unique(together["borders"].argmax(axis=2))) > 1


def test_little_is_kept_of_a_picture():
    pictures = honest()
    measured = method.measure(pictures.sr, pictures.lr, pictures.hr)
    assert {len(array) for array in measured.values()} == {12}
    assert sum(array.nbytes for array in measured.values()) <= 12 * 1024


@pytest.mark.parametrize(("side", "scale", "most"), [(64, 4, 0.005), (512, 4, 0.06)])
def test_it_costs_little(side, scale, most):
    """Twice the budget, because other tests may run beside; processor time of one core."""
    generator = np.random.default_rng(0)
    lr = generator.integers(0, 256, (8, side // scale, side // scale, 3)).astype(np.uint8)
    sr = np.stack([np.asarray(Image.fromarray(picture).resize((side, side))) for picture in lr])
    method.measure(sr[:1], lr[:1], sr[:1])
    start = time.process_time()
    method.measure(sr, lr, sr)
    assert (time.process_time() - start) / 8 < most
