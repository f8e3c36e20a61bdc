"""The built-in sample can be opened without anything else and is what its description says."""

from collections import Counter
from functools import cache

import numpy as np

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.pictures.decode import decode


@cache
def sample() -> Dataset:
    return open_dataset("sample")


def test_size_and_identities_are_as_described() -> None:
    assert len(sample()) == 192
    counts = Counter(s.identity for s in sample())
    assert len(counts) == 64
    assert set(counts.values()) == {3}
    assert sample().has_pairs
    assert not sample().warnings


def test_pictures_are_128_px_hr_with_landmarks_inside() -> None:
    for s in list(sample())[::24]:
        assert s.hr is not None
        assert s.lr is None
        assert decode(s.hr.read()).size == (128, 128)
        assert s.landmarks is not None
        assert s.landmarks.shape == (68, 2)
        assert np.all((s.landmarks > -16) & (s.landmarks < 144))


def test_no_two_pictures_are_equal() -> None:
    pictures = {s.hr.read() for s in sample() if s.hr}
    assert len(pictures) == 192
