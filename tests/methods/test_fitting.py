"""Networks whose sizes are not the task's get pictures of a size they take, and the manifest says how."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made import draw_picture
from PIL import Image

from fsrbench.methods.fitting import Fit
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import TASKS


@pytest.mark.parametrize(
    ("task", "network", "expected"),
    [
        ("x4", {"scale": 4}, (16, 64)),
        ("x8", {"scale": 8}, (16, 128)),
        ("x4", {"scale": 2}, (32, 64)),
        ("x8", {"scale": 2}, (64, 128)),
        ("x8", {"scale": 4}, (32, 128)),
        ("x4", {"scale": 8}, (16, 128)),
        ("x4", {"scale": 3}, (22, 66)),
        ("x4", {"scale": 1}, (64, 64)),
        ("x4", {"scale": 1, "side": 512}, (512, 512)),
        ("x4", {"scale": 2, "side": 48}, (48, 96)),
        ("x4", {"scale": 4, "side": 8}, (8, 32)),
        ("x4", {"scale": 4, "minimum": 32}, (32, 128)),
        ("x4", {"scale": 4, "minimum": 8}, (16, 64)),
    ],
)
def test_what_a_network_gets_and_gives(task: str, network: dict[str, int], expected: tuple[int, int]) -> None:
    fit = Fit.of(TASKS[task], **network)
    assert (fit.input, fit.output) == expected
    assert fit.before(torch.rand(2, 3, 16, 16)).shape == (2, 3, expected[0], expected[0])
    side = TASKS[task].hr_size
    assert fit.after(torch.rand(2, 3, expected[1], expected[1])).shape == (2, 3, side, side)


def test_where_sizes_fit_nothing_is_resized_or_reported() -> None:
    fit, pictures = Fit.of(TASKS["x4"], 4), torch.rand(1, 3, 64, 64) * 3 - 1
    assert fit.after(pictures) is pictures
    assert str(fit) == ""


@pytest.mark.parametrize(
    ("network", "description"),
    [
        ({"scale": 2}, "resized LR 16 to 32 px before the network (bicubic, antialiased)"),
        ({"scale": 8}, "resized SR 128 to 64 px after the network (bicubic, antialiased)"),
        (
            {"scale": 1, "side": 512},
            "resized LR 16 to 512 px before and SR 512 to 64 px after the network (bicubic, antialiased)",
        ),
    ],
)
def test_what_is_resized_is_reported(network: dict[str, int], description: str) -> None:
    assert str(Fit.of(TASKS["x4"], **network)) == description


@pytest.mark.parametrize(("network", "side"), [({"scale": 1}, 16), ({"scale": 8}, 128)])
def test_resizing_is_pillows_bicubic(network: dict[str, int], side: int) -> None:
    # Of half the contrast: Pillow clips between its two passes
    picture = draw_picture(3, side).point(lambda value: value // 2 + 64)
    fit = Fit.of(TASKS["x4"], **network)
    resize = fit.before if side == 16 else fit.after
    pillow = np.asarray(picture.resize((64, 64), Image.Resampling.BICUBIC)).astype(int)
    found = to_uint8(resize(to_tensor(np.array(picture)[None])))[0].astype(int)
    assert np.abs(found - pillow).max() <= 1


def test_a_wrong_range_is_not_hidden() -> None:
    assert Fit.of(TASKS["x4"], 8).after(torch.full((1, 3, 128, 128), -1.0)).min() < -0.9
