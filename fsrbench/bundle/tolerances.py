"""How far a score may be from the recomputed one: one table.

From the bundle's pictures the same code computes the same numbers except for the effects of threads, batch sizes and
the processor's instructions: PSNR moves by 1e-6 dB, SSIM by 1e-7, NIQE by 1e-5 (docs/gate-in-ci.md). A method on
another machine makes pictures that differ in single grey levels, for which :attr:`Tolerance.running` allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Tolerance:
    """How far a score of one image, or a number, may be off: the larger of an amount and a share of its value."""

    abs: float
    rel: float = 0.0
    share: float = 0.0
    """Share of the images that may be off by more, as a threshold decides about each; a rate may be off by it."""
    running: float = 20
    """Factor on all of these if the method ran again, not only the metrics."""

    def of_running(self) -> Tolerance:
        """The tolerance if the method ran again."""
        return Tolerance(self.abs * self.running, self.rel * self.running, self.share * self.running)

    def allowed(self, value: float) -> float:
        """How far from ``value`` one score may be."""
        return max(self.abs, self.rel * abs(value))


TOLERANCES: Final = {
    "psnr": Tolerance(1e-3),
    "psnr_y": Tolerance(1e-3),
    "ssim": Tolerance(1e-4),
    "ms_ssim": Tolerance(1e-4),
    "lpips": Tolerance(1e-3),
    "lpips-vgg": Tolerance(1e-3),
    "dists": Tolerance(1e-3),
    "niqe": Tolerance(1e-2),
    "niqe_face": Tolerance(1e-2),
    "landmark_nme": Tolerance(1e-3),
    "landmark_nme_dlib": Tolerance(1e-3),
    "identity": Tolerance(2e-3),
    "identity_lr": Tolerance(2e-3),
    "identity_margin": Tolerance(4e-3),
    "fid": Tolerance(0, rel=5e-3, running=4),
    "fid_face": Tolerance(0, rel=5e-3, running=4),
    "kid": Tolerance(1e-5, rel=2e-2, running=4),
    "kid_face": Tolerance(1e-5, rel=2e-2, running=4),
    "params": Tolerance(0, rel=1e-6, running=1),
    "flops": Tolerance(0, rel=1e-3, running=1),
}
RATES: Final = Tolerance(1e-6, share=5e-3, running=4)
"""Of metrics whose unit is ``fraction``: hits and misses."""
OTHERWISE: Final = Tolerance(1e-4, rel=1e-3)
INTERVAL: Final = 0.1
"""Tolerance of an interval's ends, relative to its width, besides the number's: a bootstrap may draw differently."""


def tolerance(metric: str, unit: str, running: bool) -> Tolerance:
    """The tolerance of a metric.

    Example:
        >>> tolerance("psnr", "dB", running=False).allowed(30.0), tolerance("psnr", "dB", running=True).allowed(30.0)
        (0.001, 0.02)
    """
    found = TOLERANCES.get(metric) or (RATES if unit == "fraction" else OTHERWISE)
    return found.of_running() if running else found
