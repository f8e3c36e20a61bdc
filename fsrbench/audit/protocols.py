"""The protocols in which papers differ, one line each. To add one: write its line here.

The first of each metric is fsrbench's own, the default that all others are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image
from torch import Tensor

from fsrbench.audit.variants import FeatureVariant, Judge, detected, verified_in_hindsight
from fsrbench.degradations.recipes import DEGRADATIONS
from fsrbench.metrics import changes
from fsrbench.metrics.base import ImageMetric, Metric
from fsrbench.metrics.detection import CONFIDENCE, IOU, Detection
from fsrbench.metrics.identification import Identification
from fsrbench.metrics.niqe import SIDE, Niqe
from fsrbench.metrics.niqe_face import SIDES, NiqeFace
from fsrbench.metrics.quality import Psnr, Ssim, psnr, ssim
from fsrbench.metrics.variants import ImageVariant, name_of
from fsrbench.metrics.verification import Verification
from fsrbench.protocols.build import build
from fsrbench.protocols.record import find, names
from fsrbench.spec import Alignment

DEFAULT: Final = "default"
LR: Final = "LR"
"""Group of the protocols that make LR in another way."""
NIQE_GROUPS: Final = ("size", "kernel")
"""Groups of the protocols in which NIQE enlarges small pictures in another way."""
SCRIPT: Final = "script"
"""Group of the protocols that a record names; see :mod:`fsrbench.protocols`."""
OURS: Final[Mapping[str, Mapping[str, object]]] = {
    "psnr": {"colour": "RGB", "crop": 0, "matched": False},
    "ssim": {"colour": "RGB", "crop": 0, "matched": False},
    "niqe": {"luma": "YIQ"},
}
"""By metric: fsrbench's own choices, written as in records."""


@dataclass(frozen=True)
class Protocol:
    """One way to measure a metric."""

    metric: str
    name: str
    group: str
    """What the protocol varies."""
    measure: Metric
    degradation: str | None = None
    """The degradation that makes LR, if the protocol varies that."""
    alignment: Alignment = "hr"
    """What aligns faces."""
    sides: Literal["one", "both"] = "one"
    """Whether the gallery is super-resolved too."""

    @property
    def recipe(self) -> str:
        """One line that lets somebody recompute it; final once the metric is configured."""
        if self.degradation is None:
            return self.measure.protocol
        made = DEGRADATIONS[self.degradation].protocol
        return f"LR made by {made}: `fsrbench run --degradation {self.degradation}`"

    def only_enlarges_below(self, side: int) -> bool:
        """Whether it differs in how NIQE enlarges pictures, and does not enlarge those of this side."""
        return self.group in NIQE_GROUPS and isinstance(self.measure, Niqe) and self.measure.native <= side


_CHANGES: Final[tuple[tuple[str, str, str, changes.Change], ...]] = (
    (
        "Y, 16–235",
        "colour",
        "Y of BT.601 YCbCr (16-235, as MATLAB's rgb2ycbcr), not rounded, peak 255",
        changes.on_luma,
    ),
    ("Y, full range", "colour", "0.299 R + 0.587 G + 0.114 B, full range, as pyiqa's psnry", changes.on_full_luma),
    ("Y, cut to 8 bit", "colour", "Y of BT.601 YCbCr (16-235), cut to uint8, as SPARNet's script", changes.on_cut_luma),
    ("4 px cropped", "border", "4 px cut off every side of SR and HR", changes.crop(4)),
    ("8 px cropped", "border", "8 px cut off every side of SR and HR", changes.crop(8)),
    (
        "stretched",
        "range",
        "each SR image's lowest value to 0, highest to 255 (all channels together), cut to uint8, as SCGAN's script",
        changes.stretch,
    ),
    ("JPEG 95", "file", "SR saved by Pillow as JPEG, quality 95, 4:2:0, and opened again", changes.as_jpeg(95)),
    ("JPEG 75", "file", "SR saved by Pillow as JPEG, quality 75, 4:2:0, and opened again", changes.as_jpeg(75)),
)
"""Name, what it varies, recipe, and the change to the pictures before a full-reference metric sees them."""
_LR: Final = {
    "bicubic": "LR: Pillow bicubic",
    "bilinear-steps": "LR: bilinear halvings",
    "area": "LR: average pooling",
    "opencv-cubic": "LR: OpenCV cubic",
    "opencv-linear": "LR: OpenCV linear",
    "skimage-rescale": "LR: skimage rescale",
}
_KERNELS: Final = {"bilinear": Image.Resampling.BILINEAR, "Lanczos": Image.Resampling.LANCZOS}


def _image(
    base: ImageMetric, name: str, group: str, recipe: str, function: Callable[[Tensor, Tensor], Tensor]
) -> Protocol:
    return Protocol(base.name, name, group, ImageVariant(base, name, recipe, function))


def _default(metric: Metric) -> Protocol:
    return Protocol(metric.name, DEFAULT, DEFAULT, metric)


def _changed(base: ImageMetric, function: Callable[[Tensor, Tensor], Tensor]) -> list[Protocol]:
    def after(change: changes.Change) -> Callable[[Tensor, Tensor], Tensor]:
        return lambda sr, hr: function(*change(sr, hr))

    return [_image(base, name, group, recipe, after(change)) for name, group, recipe, change in _CHANGES]


def _lr(base: ImageMetric) -> list[Protocol]:
    return [Protocol(base.name, title, LR, base, name) for name, title in _LR.items()]


def _of_records(base: Metric) -> list[Protocol]:
    """Published scripts that differ from fsrbench, each choice once; NIQE still enlarges pictures that are small."""
    found: dict[str, tuple[list[str], Metric]] = {}
    for record in map(find, names()):
        for name, entry in record.metrics.items():
            if entry.measure != base.name or entry.choices == OURS[base.name]:
                continue
            made = build(record, name)
            if isinstance(made, Niqe):
                made = Niqe(colour=made.colour)
            found.setdefault(made.protocol, ([], made))[0].append(record.id)
    return [
        Protocol(base.name, title, SCRIPT, made.replace(name=name_of(base, title), title=base.title))
        for title, made in ((", ".join(ids), made) for ids, made in found.values())
    ]


def _psnr() -> list[Protocol]:
    base = Psnr()
    recipe = "one MSE over each 16 images in sorted order; mean of the batches' PSNR, each counted by its images"
    pooled = _image(base, "pooled over 16", "average", recipe, changes.pooled_psnr(16))
    return [_default(base), *_changed(base, psnr), pooled, *_of_records(base), *_lr(base)]


def _ssim() -> list[Protocol]:
    base = Ssim()
    recipe = "uniform window of 7 px and sample covariance, each RGB channel: scikit-image's defaults"
    uniform = _image(base, "uniform 7 px", "window", recipe, lambda sr, hr: ssim(sr, hr, window=7, sigma=None))
    return [_default(base), *_changed(base, ssim), uniform, *_of_records(base), *_lr(base)]


def _niqe() -> list[Protocol]:
    base = Niqe()

    def another(name: str, group: str, metric: Niqe) -> Protocol:
        return Protocol(base.name, name, group, metric.replace(name=name_of(base, name)))

    by_size, by_kernel = NIQE_GROUPS
    sizes = [another(f"enlarged to {side} px", by_size, Niqe(side, native=side)) for side in (192, 384)]
    kernels = [another(f"enlarged by {name}", by_kernel, Niqe(SIDE, kernel)) for name, kernel in _KERNELS.items()]
    return [_default(base), *sizes, *kernels, *_of_records(base)]


def _niqe_face() -> list[Protocol]:
    base, side = NiqeFace(), max(SIDES)
    name = f"enlarged to {side} px"
    return [_default(base), Protocol(base.name, name, "size", NiqeFace(side).replace(name=name_of(base, name)))]


def _detection() -> list[Protocol]:
    base = Detection()
    found = [_default(base)]
    hits = ((IOU, "confidence", f"IoU >= {IOU} with HR's box"), (0.0, "anywhere", "a box anywhere in the picture"))
    for iou, hit, words in hits:
        for confidence in (0.5, 0.8, 0.9, 0.95):
            if (iou, confidence) == (IOU, CONFIDENCE):
                continue
            # MTCNN itself drops boxes below 0.7, so 0.5 takes whatever it gives
            recipe = f"confidence >= {confidence} for SR and HR (MTCNN gives none below 0.7); a hit is {words}"
            name = f"{hit} {confidence:g}" if iou else f"{hit}, {confidence:g}"
            variant = FeatureVariant(base, name, recipe, detected(confidence, iou))
            found.append(Protocol(base.name, name, "confidence" if iou else "place", variant))
    return found


def _verification() -> list[Protocol]:
    own = "each picture aligned by its own landmarks in its own MTCNN box, SR's by SR's"
    hindsight = "threshold best on the very pairs that are judged (optimistic)"
    base = Verification()
    variants: tuple[tuple[str, str, str, Judge | None, Alignment], ...] = (
        ("own landmarks", "alignment", own, None, "sr"),
        ("best threshold", "threshold", hindsight, verified_in_hindsight, "hr"),
        ("both of these", "both", f"{own}; {hindsight}", verified_in_hindsight, "sr"),
    )
    return [_default(base)] + [
        Protocol(base.name, name, group, FeatureVariant(base, name, recipe, judge), alignment=alignment)
        for name, group, recipe, judge, alignment in variants
    ]


def _identification() -> list[Protocol]:
    base = Identification()
    alignments: tuple[tuple[str, str, Alignment], ...] = (
        ("own landmarks", "each picture aligned by its own landmarks in its own MTCNN box, SR's by SR's", "sr"),
        ("landmarks of LR", "SR aligned by the landmarks found on LR enlarged, the gallery by its own", "lr"),
        ("not aligned", "the whole picture, as public scripts score TinyFace and SurvFace", "none"),
    )
    aligned = [
        Protocol(base.name, name, "alignment", FeatureVariant(base, name, recipe), alignment=alignment)
        for name, recipe, alignment in alignments
    ]
    recipe = "gallery and probes super-resolved from LR"
    both = FeatureVariant(base, "SR on both sides", recipe)
    return [_default(base), *aligned, Protocol(base.name, "SR on both sides", "sides", both, sides="both")]


def all_protocols() -> tuple[Protocol, ...]:
    """All protocols, metric by metric."""
    return (*_psnr(), *_ssim(), *_niqe(), *_niqe_face(), *_detection(), *_verification(), *_identification())
