"""SR and LR are compared at the same places, whatever their sides."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.checks.view import View


@pytest.mark.parametrize(("side", "scale"), [(15, 4), (17, 7), (31, 8), (95, 4), (127, 4), (127, 1), (128, 4)])
def test_repeated_pixels_are_lr_itself(side, scale):
    lr = np.random.default_rng(side).integers(0, 256, (1, side, side, 3)).astype(np.uint8)
    sr = lr.repeat(scale, 1).repeat(scale, 2)
    view = View(sr, lr, sr)
    for alike in (view.fine, view.coarse):
        for picture in alike[1:]:
            np.testing.assert_allclose(alike[0].astype(int), picture, atol=1)
