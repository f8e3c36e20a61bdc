"""The receiver operating characteristic of face verification, and the numbers that papers read from it."""

from __future__ import annotations

import numpy as np

FARS = (1e-2, 1e-3)
MOST_POINTS = 400
"""Points of a curve that are kept for plots."""


def roc_curve(distance: np.ndarray, genuine: np.ndarray) -> np.ndarray:
    """False and true accept rate at every threshold, rising.

    Args:
        distance: K, of each pair; a pair is accepted below the threshold.
        genuine: K bools.

    Returns:
        L,2 from (0, 0) to (1, 1).
    """
    order = np.argsort(distance, kind="stable")
    accepted = genuine[order]
    last = np.append(np.diff(distance[order]) > 0, True)  # equal distances are accepted together
    true, false = np.cumsum(accepted)[last], np.cumsum(~accepted)[last]
    rates = np.column_stack([false / (~genuine).sum(), true / genuine.sum()])
    return np.concatenate([[[0.0, 0.0]], rates])


def roc_details(distance: np.ndarray, genuine: np.ndarray, fars: tuple[float, ...] = FARS) -> dict[str, float]:
    """Area under the curve, equal error rate, and true accept rates as far as there are enough impostors."""
    curve = roc_curve(distance, genuine)
    details = {"auc": area_under_curve(distance, genuine), "eer": equal_error_rate(curve)}
    impostors = int((~genuine).sum())
    return details | {f"tar_at_far_{far:g}": tar_at_far(curve, far) for far in fars if impostors * far >= 1}


def area_under_curve(distance: np.ndarray, genuine: np.ndarray) -> float:
    """How often an impostor pair's distance is above a genuine pair's, in [0, 1]; equal ones count half."""
    from scipy import stats  # takes half a second, which `fsrbench list metrics` need not wait for

    wins = stats.mannwhitneyu(distance[~genuine], distance[genuine]).statistic
    return float(wins / (genuine.sum() * (~genuine).sum()))


def equal_error_rate(curve: np.ndarray) -> float:
    """Where false accepts are as frequent as false rejects, interpolated between thresholds."""
    false, missed = curve[:, 0], 1 - curve[:, 1]
    after = int(np.argmax(false >= missed))
    step_false, step_missed = false[after] - false[after - 1], missed[after] - missed[after - 1]
    share = (missed[after - 1] - false[after - 1]) / (step_false - step_missed)
    return float(false[after - 1] + share * step_false)


def tar_at_far(curve: np.ndarray, far: float) -> float:
    """The true accept rate at the widest threshold whose false accept rate is not above ``far``."""
    return float(curve[curve[:, 0] <= far, 1].max())


def thinned(curve: np.ndarray) -> np.ndarray:
    """The curve with at most :data:`MOST_POINTS` points, its ends included."""
    if len(curve) <= MOST_POINTS:
        return curve
    kept = np.unique(np.linspace(0, len(curve) - 1, MOST_POINTS).round().astype(int))
    fewer: np.ndarray = curve[kept]
    return fewer
