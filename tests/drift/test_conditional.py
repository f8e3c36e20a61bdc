from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from fsrbench.drift import conditional
from fsrbench.drift.conditional import _Statistics, beyond_inputs

N = 60


def made(seed: int, moved: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs N,2 of both sets, of which the window's have moved; which are the window's; blocks of three."""
    rng = np.random.default_rng(seed)
    window = np.repeat([False, True], N)
    return rng.normal(size=(2 * N, 2)) + moved * window[:, None], window, np.arange(2 * N) // 3


def outputs_of(inputs: np.ndarray, seed: int) -> np.ndarray:
    """A curved function of inputs, and noise."""
    rng = np.random.default_rng(seed + 1)
    return np.column_stack([inputs[:, 0] + 0.3 * inputs[:, 1] ** 2, inputs[:, 1]]) + 0.1 * rng.normal(
        size=(len(inputs), 2)
    )


def test_outputs_that_follow_moved_inputs_are_not_blamed() -> None:
    alarms = 0
    for seed in range(6):
        inputs, window, blocks = made(seed, moved=0.8)
        found = beyond_inputs(inputs, outputs_of(inputs, seed), window, blocks, seed)
        alarms += bool(found.tested.p_family.min() < 0.025)
        assert 0.3 < found.overlap < 1
    assert alarms <= 1


def test_a_change_a_fifth_of_what_inputs_do_is_seen() -> None:
    inputs, window, blocks = made(0)
    outputs = outputs_of(inputs, 0)
    outputs[window, 0] += 0.2
    found = beyond_inputs(inputs, outputs, window, blocks)
    assert found.tested.p_family[0] < 0.01
    assert found.tested.p_family[1] > 0.05
    assert found.tested.p_family[2] < 0.05  # all together
    assert found.shift[0] == pytest.approx(0.2, abs=0.08)
    assert found.explained[0] > 0.9


def test_corrected_p_can_be_as_small_as_permutations_allow_for_any_number_of_outputs() -> None:
    inputs, window, blocks = made(3)
    outputs = np.random.default_rng(3).normal(size=(2 * N, 12))
    outputs[window, 0] += 3
    with mock.patch.object(conditional, "PERMUTATIONS", 250):
        found = beyond_inputs(inputs, outputs, window, blocks)
    assert found.tested.p_family[0] == pytest.approx(1 / 251)
    assert (found.tested.p_family >= found.tested.p - 1e-12).all()


def test_inputs_without_common_ground_leave_nothing_to_compare() -> None:
    inputs, window, blocks = made(1, moved=8)
    assert beyond_inputs(inputs, outputs_of(inputs, 1), window, blocks).overlap < 0.1


def test_statistics_by_loops() -> None:
    rng = np.random.default_rng(2)
    residuals, smoother = rng.normal(size=(12, 2)), 0.1 * rng.normal(size=(12, 12))
    number = np.array([2, 0, 1, 1, 0, 3, 3, 2, 4, 5, 5, 4])
    inside = np.array([1.0, 0, 1, 0, 1, 0])
    label = inside[number]
    left = label - smoother @ label
    sums = np.array([(left[number == b, None] * residuals[number == b]).sum(axis=0) for b in range(6)])
    t = sums.sum(axis=0) / np.sqrt((sums**2).sum(axis=0))
    together = np.sqrt(sums.sum(axis=0) @ np.linalg.inv(sums.T @ sums) @ sums.sum(axis=0))
    assert _Statistics(residuals, smoother, number).of(inside[None])[0] == pytest.approx([*t, together], rel=1e-4)


def test_a_constant_output_is_not_tested() -> None:
    inputs, window, blocks = made(3)
    outputs = outputs_of(inputs, 3)
    outputs[:, 1] = 5.0
    found = beyond_inputs(inputs, outputs, window, blocks)
    assert np.isnan(found.tested.p[1])
    assert found.shift[1] == 0
