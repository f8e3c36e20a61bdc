"""Angles between descriptors against the scripts' formula, in NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.identity_angles import IdentityAngle

RNG = np.random.RandomState(0)
HR = RNG.normal(size=(6, 8))
SR = np.concatenate([HR[:2] * 3, HR[2:] + RNG.normal(size=(4, 8))])  # the first two have no angle
FACES = Faces(list("abcdef"), [None] * 6, {"descriptor": SR}, {"descriptor": HR})


def formula(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.arccos(np.clip(np.dot(x, y) / (np.linalg.norm(x) * np.linalg.norm(y)), -1, 1)))


def test_vqfrs_angle_leaves_out_pairs_under_a_degree() -> None:
    found = IdentityAngle("vqfr", "degrees", 1).evaluate(FACES, seed=0)
    expected = [formula(x, y) / math.pi * 180 for x, y in zip(SR, HR, strict=True)]
    assert np.isnan(found.values).tolist() == [True, True, False, False, False, False]
    assert found.values[2:] == pytest.approx(expected[2:])
    assert found.details == {"left_out": 2}
    assert "2 of 6 pairs under 1 degrees left out" in found.note


def test_restoreformers_angle_is_in_radians_and_keeps_all() -> None:
    found = IdentityAngle("restoreformer", "rad", 0).evaluate(FACES, seed=0)
    assert found.values == pytest.approx([formula(x, y) for x, y in zip(SR, HR, strict=True)], abs=1e-7)
    assert (found.details, found.note) == ({}, "")


def test_protocols_tell_them_apart() -> None:
    degrees, radians = IdentityAngle("vqfr", "degrees", 1), IdentityAngle("restoreformer", "rad", 0)
    assert "angles under 1 degrees left out and counted" in degrees.protocol
    assert "no pair left out" in radians.protocol
    assert "weights of R, G, B on channels B, G, R" in radians.protocol
    assert (degrees.scores_row("hr"), degrees.scores_row("lr"), degrees.needs) == (False, True, {"hr"})
