"""How records compute a metric: one function for each ``measure``, whose arguments are all its choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from fsrbench.errors import Unavailable
from fsrbench.metrics import METRICS, changes
from fsrbench.metrics.base import ImageMetric, Metric
from fsrbench.metrics.distribution import Kid
from fsrbench.metrics.fid_protocols import PairedFid, ScriptFid
from fsrbench.metrics.identity_angles import IdentityAngle
from fsrbench.metrics.landmarks import Lmd98
from fsrbench.metrics.niqe import Niqe
from fsrbench.metrics.ntire import NtireGate, NtireIdentity, NtireScore
from fsrbench.metrics.pyiqa_metric import pyiqa_metric
from fsrbench.metrics.quality import Psnr, Ssim
from fsrbench.metrics.variants import ChangedPictures

_MATCHED: Final = (
    "each SR channel first shifted and stretched to the mean and standard deviation of HR's, not clipped (the script "
    "does so twice, which comes to the same)"
)
_Y: Final = "Y of BT.601 YCbCr (16-235, not rounded; peak 255)"


def own(metric: str) -> Metric:
    """A metric of fsrbench's own, by its name."""
    made: Metric = METRICS.get(metric)()
    return made


def psnr(colour: Literal["RGB", "Y"], crop: int, matched: bool) -> Metric:
    """PSNR, one mean squared error over all channels."""
    return _compared(Psnr(), "one MSE over the three channels", colour, crop, matched)


def ssim(colour: Literal["RGB", "Y"], crop: int, matched: bool) -> Metric:
    """SSIM as in BasicSR and here: Gaussian window of 11 px, sigma 1.5, inner pixels, mean of the channels."""
    window = "mean of the channels, Gaussian window 11 px, sigma 1.5, population covariance, 5 px border left out"
    return _compared(Ssim(), window, colour, crop, matched)


def _compared(base: ImageMetric, how: str, colour: str, crop: int, matched: bool) -> Metric:
    steps = [
        *([(_MATCHED, changes.matched_to_hr)] if matched else []),
        *([(_Y, changes.on_luma)] if colour == "Y" else []),
        *([(f"{crop} px cut off every side", changes.crop(crop))] if crop else []),
    ]
    parts = [*(words for words, _ in steps), *([] if colour == "Y" else [f"RGB: {how}"]), "8 bit"]
    parts += [] if crop else ["no crop"]
    change = changes.all_of(*(change for _, change in steps)) if steps else None
    return ChangedPictures(base, base.name, "; ".join([*parts, "per image, then mean"]), change)


def lpips(network: Literal["alex", "vgg"], order: Literal["RGB", "BGR"], range: Literal["-1,1", "0,1"]) -> Metric:
    """LPIPS v0.1 of whole pictures, by pyiqa's network, which itself maps [0, 1] to [-1, 1]."""
    name = {"alex": "lpips", "vgg": "lpips-vgg"}[network]
    steps = [*([changes.as_bgr] if order == "BGR" else []), *([changes.half_range] if range == "0,1" else [])]
    fed = f"{order} in [{range.replace(',', ', ')}]" + (", though it expects [-1, 1]" if range == "0,1" else "")
    recipe = f"LPIPS v0.1, {network}, {fed}; 8 bit, not resized; pyiqa's {name}; per image, then mean"
    return ChangedPictures(_pyiqa(name), name, recipe, changes.all_of(*steps) if steps else None)


def pyiqa(metric: str) -> Metric:
    """A metric of pyiqa with its defaults."""
    base = _pyiqa(metric)
    return ChangedPictures(base, metric, base.protocol)


def _pyiqa(name: str) -> ImageMetric:
    found = pyiqa_metric(name)
    if found is None:
        raise Unavailable(f"the installed pyiqa has no metric {name}")
    return found()


def niqe(luma: Literal["YIQ", "MATLAB YCbCr"]) -> Metric:
    """NIQE of pictures at their own size, never enlarged."""
    return Niqe(native=0, colour=luma)


def identity_angle(network: Literal["vqfr", "restoreformer"], unit: Literal["degrees", "rad"], least: float) -> Metric:
    """Angle between the descriptors of SR and HR."""
    return IdentityAngle(network, unit, least)


def landmarks(points: Literal[98]) -> Metric:
    """Mean distance of landmarks in pixels."""
    return Lmd98()


def fid(
    resize: Literal["tensorflow", "pytorch-fid"], against: Literal["hr", "reference"], reference: str, first: int | None
) -> Metric:
    """FID against the images' own HR, or against what ``--reference`` names."""
    return PairedFid(resize) if against == "hr" else ScriptFid(resize, reference, first)


def kid(reference: str) -> Metric:
    """KID, as torch-fidelity, against what ``--reference`` names."""
    return Kid()


def ntire_score(parts: Mapping[str, str], subsets: Mapping[str, int]) -> Metric:
    """The challenges' score of its parts."""
    return NtireScore(parts, subsets)


def ntire_identity() -> Metric:
    """Cosine of SR to LR by AdaFace."""
    return NtireIdentity()


def ntire_gate(thresholds: Mapping[str, float], most: int, subsets: Mapping[str, int]) -> Metric:
    """Number of faces below their subset's threshold."""
    return NtireGate(thresholds, most, subsets)


MEASURES: Final[Mapping[str, Callable[..., Metric]]] = {
    function.__name__: function
    for function in (
        own, psnr, ssim, lpips, pyiqa, niqe, fid, kid, identity_angle, landmarks,
        ntire_score, ntire_identity, ntire_gate,
    )
}  # fmt: skip
"""By the name that records use."""
