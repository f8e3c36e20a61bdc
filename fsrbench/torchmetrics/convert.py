"""Convert a metric of the benchmark to a torchmetrics metric."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fsrbench.errors import FsrbenchError, UserError
from fsrbench.machine.packages import cannot_import, import_torchvision
from fsrbench.spec import Alignment

if TYPE_CHECKING:  # takes seconds
    from fsrbench.metrics.base import Metric
    from fsrbench.metrics.facts import Facts
    from fsrbench.torchmetrics.base import FaceMetric

MANY = 10**9
"""Number of images assumed before any has been seen, so that no metric refuses too few."""


def as_torchmetric(
    metric: str | Metric,
    *,
    seed: int = 0,
    scale: int = 4,
    degradation: str | None = None,
    reference: str | Path | None = None,
    pairs: str | Path | None = None,
    sides: Literal["one", "both"] = "one",
    alignment: Alignment = "hr",
    descriptor: Literal["auto", "dlib", "facenet", "arcface"] = "auto",
) -> FaceMetric:
    """A metric for a training loop, which gives the same value as a run on the same pictures.

    ``update(sr, hr, lr, ids=..., identities=..., roles=...)`` takes a batch: pictures N,3,H,W, RGB, floats in [0, 1]
    or uint8, ``hr`` and ``lr`` if the metric needs them. As in a run, SR is clipped and rounded to 8 bits. Images
    with ``ids`` count once, however often a distributed sampler repeats them, and are taken in sorted order, which
    draws of folds and impostors depend on. ``compute`` gives float64: the mean of the finite scores, or the number of
    the whole set. It is NaN, with a warning that says why, where a run would call it ``invalid``.

    Scores of each image and features are kept as list states, gathered (``cat``) from all processes.

    Args:
        metric: a name (``"ssim"``, ``"vqfr:psnr"``, any of pyiqa), or a :class:`fsrbench.Metric`.
        seed: of folds, impostors and subsets; a run's ``--seed``.
        scale: of the task, unless LR is given, which shows it.
        degradation: how LR is made from HR, for ``consistency``.
        reference: a file of Inception statistics that FID and KID compare with, in place of HR.
        pairs: verification pairs in the format of LFW's pairs.txt.
        sides: SR on one side of a verification pair, or on both.
        alignment: whose landmarks align a face.
        descriptor: which one recognition uses.

    Raises:
        UserError: torchmetrics is not installed, no such metric, or it cannot be computed from pictures: speed,
            parameters and memory are a method's, and a combined metric is made of others.
        Unavailable: weights or packages are missing.

    Example:
        >>> import torch
        >>> ssim = as_torchmetric("ssim")
        >>> hr = torch.rand(4, 3, 64, 64, generator=torch.manual_seed(0))
        >>> ssim.update((hr * 0.9).clamp(0, 1), hr)
        >>> bool(ssim.compute() > 0.9), ssim.higher_is_better
        (True, True)
    """
    import_torchvision()  # before torchmetrics imports it, with all of torch's compiler
    try:
        import torchmetrics  # noqa: F401
    except ImportError as error:
        raise UserError(str(cannot_import("torchmetrics", "fsrbench[torchmetrics]", error))) from None
    from fsrbench.metrics.base import FeatureMetric, ImageMetric, InputMetric
    from fsrbench.torchmetrics.images import ScoredImages
    from fsrbench.torchmetrics.sets import ImageSet

    facts = replace(
        _facts(scale, reference, pairs),
        seed=seed,
        sides=sides,
        alignment=alignment,
        descriptor=descriptor,
        degradation=degradation,
    )
    found = _metric(metric)
    if isinstance(found, FeatureMetric):
        return ImageSet(found, facts)
    if isinstance(found, ImageMetric | InputMetric):
        return ScoredImages(found, facts)
    raise UserError(_why_not(found, facts))


def _facts(scale: int, reference: str | Path | None, pairs: str | Path | None) -> Facts:
    """What is known before any picture; sizes and numbers come from the pictures."""
    from fsrbench.datasets.pairs import read_pairs
    from fsrbench.metrics.facts import Facts
    from fsrbench.metrics.reference_statistics import is_statistics, open_statistics
    from fsrbench.tasks import Task

    if reference is not None and not is_statistics(str(reference)):
        raise UserError(f"reference {reference}: give a file of statistics; a set of pictures is for fsrbench.evaluate")
    return Facts(
        task=Task(16, scale),
        images=MANY,
        has_hr=True,
        has_pairs=True,
        statistics=open_statistics(str(reference)) if reference is not None else None,
        pairs=read_pairs(Path(pairs)) if pairs is not None else (),
    )


def _metric(metric: str | Metric) -> Metric:
    """The metric of a name."""
    if not isinstance(metric, str):
        return metric
    from fsrbench.protocols.build import resolve

    return resolve([metric])[-1]  # the parts of a combined metric come before it


def _why_not(metric: Metric, facts: Facts) -> str:
    """Why a metric cannot be computed from pictures."""
    from fsrbench.metrics.base import CombinedMetric, SpeedMetric

    if isinstance(metric, SpeedMetric):
        return f"{metric.name} is measured on a method, not on pictures: use fsrbench.evaluate"
    if isinstance(metric, CombinedMetric):
        return f"{metric.name} is combined from {', '.join(metric.parts)}: take those one by one"
    try:
        metric.check(facts)  # a metric whose code fails says why
    except FsrbenchError as error:
        return f"{metric.name}: {error}"
    return f"{metric.name} scores neither images nor sets of them"
