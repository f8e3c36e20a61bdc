"""How far each metric may get worse before it counts: one table, with what it was derived from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Tolerance:
    """How far a value may get worse: the larger of an amount and a share of the reference's value."""

    abs: float = 0.0
    rel: float = 0.0

    def allowed(self, value: float) -> float:
        """The largest step in the bad direction from ``value`` that still holds, in the metric's unit."""
        return max(self.abs, self.rel * abs(value))


EXACT: Final = 1e-3
"""Relative, for counts: a change this small comes from another way to count."""

# The scores of one model move a little with threads, batch size and the processor's instructions: on the sample PSNR by
# 1e-6 dB, SSIM by 1e-7, NIQE by 1e-5, landmark errors by 2e-6 and rates not at all (docs/gate-in-ci.md). Each tolerance
# is far above that, and below what anybody would call a difference in quality.
TOLERANCES: Final[dict[str, Tolerance]] = {
    "psnr": Tolerance(abs=0.005),
    "psnr_y": Tolerance(abs=0.005),
    "ssim": Tolerance(abs=0.0002),
    "ms_ssim": Tolerance(abs=0.0001),
    "lpips": Tolerance(abs=0.0005),
    "dists": Tolerance(abs=0.0005),
    "niqe": Tolerance(abs=0.02),
    "niqe_face": Tolerance(abs=0.01),
    "fid": Tolerance(rel=0.02),
    "kid": Tolerance(rel=0.05),
    "fid_face": Tolerance(rel=0.02),
    "kid_face": Tolerance(rel=0.05),
    "landmark_nme": Tolerance(abs=0.0001),
    "landmark_nme_dlib": Tolerance(abs=0.0001),
    "params": Tolerance(rel=EXACT),
    "flops": Tolerance(rel=EXACT),
    "peak_memory": Tolerance(rel=0.1),
    # Twice as slow, beside the base. On one thread the ratio moves by a few per cent; with threads it depends on their
    # number and on the machine's load, because a large network gains more from them than a small one.
    "latency_ms": Tolerance(rel=1.0),
    "throughput": Tolerance(rel=0.5),
}
BY_UNIT: Final[dict[str, Tolerance]] = {
    "dB": Tolerance(abs=0.005),
    "fraction": Tolerance(abs=0.01),
}
"""For metrics that the table does not name: rates and accuracies, and whatever plug-ins bring."""
OTHERWISE: Final = Tolerance(rel=0.01)


def default(metric: str, unit: str) -> Tolerance:
    """The tolerance of a metric if a reference file sets none."""
    return TOLERANCES.get(metric) or BY_UNIT.get(unit) or OTHERWISE
