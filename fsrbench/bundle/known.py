"""fsrbench's own metrics as far as a bundle is held against them: without torch, which their classes need.

A test holds the table to the classes.
"""

from __future__ import annotations

from enum import Enum
from math import inf
from typing import Final, NamedTuple

from fsrbench.runs.preference import JUDGED


class Kind(Enum):
    """What a metric's number is made of."""

    MEAN = "the mean of the images' finite scores"
    OWN = "a number of its own, beside scores of images"
    SET = "a number of the whole set of images"
    SPEED = "a time, a rate or the size of a network"
    PEOPLE = "what people answered in a study"


class Known(NamedTuple):
    """What a metric declares."""

    unit: str
    direction: str
    low: float = -inf
    """The least score or number that there can be."""
    high: float = inf
    kind: Kind = Kind.MEAN
    infinite: bool = False
    """Whether a score may be infinite, as where SR is HR."""


_PSNR: Final = Known("dB", "higher", 0, inf, infinite=True)
_HIGHER: Final = Known("", "higher")
_DISTANCE: Final = Known("", "lower", 0)
_RATE: Final = Known("fraction", "higher", 0, 1)
_VERIFICATION: Final = Known("fraction", "higher", 0, 1, Kind.OWN)

KNOWN: Final = {
    **dict.fromkeys(("psnr", "psnr_y"), _PSNR),
    "ssim": Known("", "higher", -1, 1),
    **dict.fromkeys(("ms_ssim", "clipiqa", "detection_confidence"), Known("", "higher", 0, 1)),
    **dict.fromkeys(("lpips", "lpips-vgg", "niqe", "niqe_face", "colour_drift"), _DISTANCE),
    "dists": Known("", "lower"),
    **dict.fromkeys(("musiq", "maniqa", "maniqa-pipal", "topiq_nr-face"), _HIGHER),
    "qalign": Known("", "higher", 1, 5),
    "grid_artefacts": Known("", "none", 0),
    "consistency": Known("of 255", "lower", 0),
    "lightness_drift": Known("", "none", -100, 100),
    **dict.fromkeys(("fid", "fid_face"), Known("", "lower", 0, inf, Kind.SET)),
    **dict.fromkeys(("kid", "kid_face"), Known("", "lower", -inf, inf, Kind.SET)),
    **dict.fromkeys(("detection", "detection_retinaface", "identification"), _RATE),
    **dict.fromkeys(("landmark_nme", "landmark_nme_dlib"), Known("fraction", "lower", 0)),
    **dict.fromkeys(("lmd", "lmd_dlib", "lmd_98"), Known("px", "lower", 0)),
    **dict.fromkeys(("verification", "verification_labelled", "verification_pairs"), _VERIFICATION),
    **dict.fromkeys(("verification_dlib", "verification_facenet", "verification_arcface"), _VERIFICATION),
    "identification_open": _VERIFICATION,
    **dict.fromkeys(("identity", "identity_lr"), Known("", "higher", -1, 1)),
    "identity_margin": Known("", "higher", -2, 2),
    **dict.fromkeys(JUDGED, Known("fraction", "higher", 0, 1, Kind.PEOPLE)),
    "latency_ms": Known("ms", "lower", 0, inf, Kind.SPEED),
    "throughput": Known("images/s", "higher", 0, inf, Kind.SPEED),
    "params": Known("M", "lower", 0, inf, Kind.SPEED),
    "flops": Known("G", "lower", 0, inf, Kind.SPEED),
    "peak_memory": Known("MB", "lower", 0, inf, Kind.SPEED),
}


def is_speed(metric: str) -> bool:
    """Whether a metric is a time, a rate or the size of a network.

    Example:
        >>> is_speed("params"), is_speed("psnr")
        (True, False)
    """
    known = KNOWN.get(metric)
    return known is not None and known.kind is Kind.SPEED
