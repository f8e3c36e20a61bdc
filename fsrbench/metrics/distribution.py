"""Distances between the SR images as a set and a reference set: FID and KID, on Inception and on face descriptors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import ClassVar, Self

import numpy as np

from fsrbench.errors import Invalid
from fsrbench.files.arrays import mean_and_covariance, rows
from fsrbench.machine.packages import import_torchvision
from fsrbench.metrics.base import Direction, FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.face_descriptors import size_for_dlib
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.reference_statistics import Statistics
from fsrbench.stats.intervals import block_interval
from fsrbench.stats.jackknife import (
    KEPT,
    MOST_PAIRS,
    blocks_of,
    frechet_blocks,
    frechet_blocks_from_moments,
    kernel_blocks,
)

KID_SUBSETS = 100
KID_SUBSET_SIZE = 1000
"""As KID is usually published; a set with fewer images has smaller subsets, and the row says so."""
INCEPTION_SIDE = 299
"""Side in pixels of the pictures that Inception sees."""
_ENLARGED = "enlarged to 299 px as TensorFlow 1 does"
KID_LEAST = 50
"""Below this many images the estimate is mostly noise."""


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between Gaussians fitted to features N,D and M,D (Heusel et al., NeurIPS 2017)."""
    return frechet_of_moments(mean_and_covariance(a), mean_and_covariance(b))


def frechet_of_moments(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    """Fréchet distance between Gaussians of given mean D and covariance D,D."""
    import_torchvision()
    from torch_fidelity.metric_fid import fid_statistics_to_metric

    statistics = [dict(zip(("mu", "sigma"), x, strict=True)) for x in (a, b)]
    return float(fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"])


def kernel_distance(a: np.ndarray, b: np.ndarray, subset_size: int, seed: int) -> tuple[float, float]:
    """Mean and deviation over subsets of the squared MMD of features N,D and M,D (Binkowski et al., ICLR 2018).

    Unbiased, with the kernel (x.y / D + 1)^3.
    """
    import_torchvision()
    from torch_fidelity.metric_kid import kernel_mmd

    kernel = {"kid_kernel": "poly", "kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None}
    draws = np.random.RandomState(seed)  # the draws of torch-fidelity's own loop, which needs all rows in memory
    distances = []
    for _ in range(KID_SUBSETS):
        subsets = (rows(x, draws.choice(len(x), subset_size, replace=False)) for x in (a, b))
        distances.append(kernel_mmd(*subsets, **kernel, kid_kernel_poly_coef0=1.0))
    return float(np.mean(distances)), float(np.std(distances))


class _Distance(FeatureMetric):
    direction: Direction = "lower"
    number = "set"
    uses_reference = True
    feature: ClassVar[str]
    description: ClassVar[str]
    """What the features are, for the protocol."""
    formula: ClassVar[str]
    least: ClassVar[int]
    reason: ClassVar[str]
    """Why at least ``least`` images are needed."""
    jackknife: ClassVar[Callable[..., np.ndarray]]
    """Computes the number's pseudo-values; see :mod:`fsrbench.stats.jackknife`."""
    most: ClassVar[float] = float("inf")
    """Most images for which pseudo-values are computed."""

    reference: int = 0
    """Pictures of the reference set; 0 if SR is compared with all HR images."""
    statistics: Statistics | None = None
    """The statistics file used as reference set."""

    def __init__(self) -> None:
        self.protocol = self._protocol(0, "hr")

    @property
    def scores_hr(self) -> bool:
        """Only against another set: HR's distance from itself says nothing."""
        return self.reference > 0 or self.statistics is not None

    def configured(self, facts: Facts) -> Self:
        """With the run's reference set or statistics.

        Raises:
            Invalid: there are neither HR images nor a reference, or too few images.
        """
        statistics = facts.statistics
        if not (facts.has_hr or facts.reference or statistics):
            raise Invalid("needs HR images or a reference set: --reference SRC")
        if statistics is not None:
            self.check_statistics(statistics)
        others = (facts.reference, statistics.images if statistics else None)
        fewest = min([facts.images, *(count for count in others if count)])
        if fewest < self.least:
            raise Invalid(f"needs at least {self.least} images on both sides, not {fewest}: {self.reason}")
        protocol = self._protocol(facts.reference, facts.alignment, statistics, facts.task.hr_size)
        return self.replace(reference=facts.reference, statistics=statistics, protocol=protocol)

    def check_statistics(self, statistics: Statistics) -> None:
        """Raise if this metric cannot read a statistics file.

        Raises:
            Invalid: always, unless the metric overrides this.
        """
        raise Invalid("compares face descriptors, which a statistics file of Inception does not have")

    def _protocol(self, reference: int, alignment: str, statistics: Statistics | None = None, side: int = 0) -> str:
        large = side > INCEPTION_SIDE
        size = "reduced to 299 px as TensorFlow 1 does (bilinear, not antialiased)" if large else _ENLARGED
        against = f"{reference} HR images of the reference set" if reference else "all HR images"
        against = str(statistics) if statistics else against
        aligned = "the HR where there is one" if alignment != "sr" else "the picture itself"
        description = self.description.format(aligned=aligned, inception=size, dlib=size_for_dlib(side))
        return f"{self.formula}; {description}; SR images against {against}"

    def _both(self, faces: Faces) -> tuple[np.ndarray, np.ndarray]:
        sr, reference = faces.features[self.feature], self._reference(faces)
        if (fewest := min(len(sr), len(reference))) < self.least:
            raise Invalid(f"needs at least {self.least} images on both sides, {fewest} could be used: {self.reason}")
        return sr, reference

    def _reference(self, faces: Faces) -> np.ndarray:
        """Features of what SR is compared with."""
        if self.statistics is not None:
            return self.statistics.features()
        assert faces.reference is not None
        return faces.reference[self.feature]

    def _measured(
        self, faces: Faces, value: float, note: str = "", details: Mapping[str, float] | None = None
    ) -> Evaluation:
        """The number with its interval."""
        block = blocks_of(faces.people)
        blocks = None if block is None else self._blocks(faces, value, block)
        interval = (float("nan"), float("nan"))
        if block is not None and blocks is not None:
            interval = block_interval(value, blocks, np.bincount(block))
        return Evaluation(None, Summary(value, *interval, len(faces.ids)), note, details or {}, blocks=blocks)

    def _blocks(self, faces: Faces, value: float, block: np.ndarray) -> np.ndarray | None:
        """Pseudo-values. An image is left out together with its HR; a reference set named by the user stays whole."""
        named = self.reference or self.statistics is not None
        if (faces.hr is None and not named) or len(block) > self.most:
            return None
        sr = faces.features[self.feature]
        other = self._reference(faces) if named or faces.hr is None else faces.hr[self.feature]
        try:
            return self.jackknife(value, sr, other, block, np.full(len(other), KEPT) if named else block)
        except np.linalg.LinAlgError:  # the covariance of the remaining blocks is singular
            return None


class Fid(_Distance):
    """Fréchet inception distance (Heusel et al., NeurIPS 2017) between the SR images and HR, or a reference set.

    Between Gaussians fitted to 2048 Inception activations, with means m and covariances S:
    ``|m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2))``. Not negative, lower is better.

    Example:
        >>> a = np.random.RandomState(0).normal(size=(500, 2))
        >>> round(frechet_distance(a, a + [3, 4]), 3)
        25.0
    """

    name, title, bounds = "fid", "FID", (0, inf)
    extractor, feature = "inception", "activations"
    description = "Inception v3 of 2015 (torch-fidelity), 2048 activations, pictures {inception}"
    formula = "Frechet distance of two Gaussians with sample covariances"
    jackknife = staticmethod(frechet_blocks)
    any_number = False
    least = 2049
    reason = "with no more images than the features' 2048 dimensions the covariance is singular and FID biased"

    def check_statistics(self, statistics: Statistics) -> None:
        """Accept any that :func:`fsrbench.metrics.reference_statistics.open_statistics` has checked."""

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """One number for the set; interval by a jackknife over blocks of people."""
        if self.statistics is None:
            return self._measured(faces, frechet_distance(*self._both(faces)))
        sr, moments = faces.features[self.feature], self.statistics.moments()
        if len(sr) < self.least:
            raise Invalid(f"needs at least {self.least} images, {len(sr)} could be used: {self.reason}")
        return self._measured(faces, frechet_of_moments(mean_and_covariance(sr), moments))

    def _blocks(self, faces: Faces, value: float, block: np.ndarray) -> np.ndarray | None:
        """As for any distance, or from a statistics file's moments."""
        if self.statistics is None:
            return super()._blocks(faces, value, block)
        try:
            return frechet_blocks_from_moments(value, faces.features[self.feature], *self.statistics.moments(), block)
        except np.linalg.LinAlgError:
            return None


class FidFace(Fid):
    """:class:`Fid` of dlib's 128-d face descriptor in place of Inception's activations."""

    name, title, digits = "fid_face", "FID (face)", 4
    extractor, feature = "dlib", "descriptor"
    description = "dlib's 128-d face descriptor, {dlib}, aligned by dlib's 68 points of {aligned}"
    check_statistics = _Distance.check_statistics
    least = 129
    reason = "with no more images than the features' 128 dimensions the covariance is singular and the distance biased"


class Kid(_Distance):
    """Kernel inception distance (Bińkowski et al., ICLR 2018) between the SR images and HR, or a reference set.

    The squared maximum mean discrepancy of D = 2048 Inception activations: with ``k(x, y) = (x.y / D + 1)^3``, the mean
    k of different images within SR plus that within HR, less twice the mean k between the two. Unbiased, so slightly
    below 0 at times; lower is better.

    Example:
        >>> a = np.random.RandomState(0).normal(size=(200, 4))
        >>> near, far = (kernel_distance(a, a[::-1] + shift, 100, seed=0)[0] for shift in (0, 1))
        >>> abs(near) < 0.2, far > 1
        (True, True)
    """

    name, title, digits = "kid", "KID", 4
    extractor, feature, description = Fid.extractor, Fid.feature, Fid.description
    formula = (
        f"squared MMD with the kernel (x.y/D + 1)^3, unbiased, mean of {KID_SUBSETS} random subsets of "
        f"{KID_SUBSET_SIZE} images (half of the images where there are fewer)"
    )
    jackknife, most = staticmethod(kernel_blocks), MOST_PAIRS
    least = KID_LEAST
    reason = "fewer make the estimate mostly noise"

    def check_statistics(self, statistics: Statistics) -> None:
        """Raise if the file has no features."""
        if not statistics.has_features:
            raise Invalid(f"{statistics.path.name} has moments only; KID needs the features of its images")

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """One number for the set, with an interval as FID's; a detail is the subsets' standard deviation."""
        sr, reference = self._both(faces)
        fewest = min(len(sr), len(reference))
        size = KID_SUBSET_SIZE if fewest >= KID_SUBSET_SIZE else fewest // 2
        mean, deviation = kernel_distance(sr, reference, size, seed)
        note = f"subsets of {size} images, not {KID_SUBSET_SIZE}" if size < KID_SUBSET_SIZE else ""
        return self._measured(faces, mean, note, {"subset_std": deviation})


class KidFace(Kid):
    """:class:`Kid` of dlib's 128-d face descriptor in place of Inception's activations."""

    name, title, digits = "kid_face", "KID (face)", 6
    extractor, feature, description = FidFace.extractor, FidFace.feature, FidFace.description
    check_statistics = _Distance.check_statistics
