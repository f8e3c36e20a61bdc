"""Unit tests of the plug-in; fsrbench checks the rest when it runs."""

import io

import torch
from faceplugin.dataset import COUNT, SIDE, gradients
from faceplugin.method import Sharpened
from faceplugin.metric import colour_error
from PIL import Image

from fsrbench import Task


def test_method_keeps_to_size_and_range():
    method = Sharpened()
    method.load(Task(lr_size=16, scale=4), torch.device("cpu"))
    sr = method.upscale(torch.rand(2, 3, 16, 16))
    assert sr.shape == (2, 3, 64, 64)
    assert 0 <= sr.min() <= sr.max() <= 1


def test_metric_is_zero_for_the_same_and_grows_with_a_shift():
    picture = torch.rand(2, 3, 8, 8) * 0.5
    assert colour_error(picture, picture).tolist() == [0, 0]
    torch.testing.assert_close(colour_error(picture + 0.25, picture), torch.tensor([0.25, 0.25]))


def test_dataset_gives_readable_pictures():
    dataset = gradients()
    assert len(dataset) == COUNT
    assert all(Image.open(io.BytesIO(sample.hr.read())).size == (SIDE, SIDE) for sample in dataset)
