"""Leave-one-block-out jackknife for numbers of a whole set; basis of their intervals and tests.

Bootstrap draws would repeat images, which shrinks the covariance: a set drawn from itself has a positive FID.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from fsrbench.files.arrays import parts, rows
from fsrbench.stats.intervals import pseudo_values

BLOCKS = 20
FEWEST_BLOCKS = 5
MOST_PAIRS = 10_000
"""From this many images on, the kernels of all pairs would take longer than the features."""
KEPT = -1
"""The block of images that are never left out."""


def blocks_of(groups: Sequence[str]) -> np.ndarray | None:
    """Which of 20 (or as many as there are people) blocks of nearly equal size each image is in, N integers.

    Args:
        groups: who is on each image: one person's images are in one block.

    Returns:
        ``None`` for fewer than five people.
    """
    people = Counter(groups).most_common()
    count = min(BLOCKS, len(people))
    if count < FEWEST_BLOCKS:
        return None
    sizes, block_of = [0] * count, {}
    for person, images in sorted(people, key=lambda item: (-item[1], item[0])):
        block_of[person] = smallest = sizes.index(min(sizes))
        sizes[smallest] += images
    return np.array([block_of[person] for person in groups])


def frechet_blocks(value: float, a: np.ndarray, b: np.ndarray, block: np.ndarray, block_b: np.ndarray) -> np.ndarray:
    """Pseudo-values of the Frechet distance of features N,D and M,D.

    Args:
        value: the distance.
        a, b: the features.
        block, block_b: N and M integers, the block of each; ``KEPT`` is never left out.

    Raises:
        numpy.linalg.LinAlgError: a covariance is singular.
    """
    pairs = zip(_moments_without(a, block), _moments_without(b, block_b, len(np.unique(block))), strict=True)
    return pseudo_values(value, np.array([frechet(*a_moments, *b_moments) for a_moments, b_moments in pairs]))


def frechet_blocks_from_moments(
    value: float, a: np.ndarray, mean: np.ndarray, covariance: np.ndarray, block: np.ndarray
) -> np.ndarray:
    """Pseudo-values of the Frechet distance of features N,D from a set of which only the moments are known.

    Args:
        value: the distance.
        a: the features.
        mean, covariance: of the other set, D and D,D; the same without any block.
        block: N integers, the block of each row of ``a``.

    Raises:
        numpy.linalg.LinAlgError: a covariance is singular.
    """
    return pseudo_values(value, np.array([frechet(*left, mean, covariance) for left in _moments_without(a, block)]))


def kernel_blocks(value: float, a: np.ndarray, b: np.ndarray, block: np.ndarray, block_b: np.ndarray) -> np.ndarray:
    """Pseudo-values of the squared MMD with the kernel (x.y / D + 1)^3; arguments as :func:`frechet_blocks`."""
    count = len(np.unique(block))
    # The last row and column hold what is never left out
    number, number_b = (np.where(part == KEPT, count, part) for part in (block, block_b))
    of_a, of_b = (np.bincount(part, minlength=count + 1) for part in (number, number_b))
    within_a = kernel_sums(a, a, number, number, count, within=True)
    within_b = kernel_sums(b, b, number_b, number_b, count, within=True)
    between = kernel_sums(a, b, number, number_b, count)
    without = []
    for left_out in range(count):
        rest = np.arange(count + 1) != left_out
        n, m = of_a[rest].sum(), of_b[rest].sum()
        in_a, in_b, across = (part[np.ix_(rest, rest)].sum() for part in (within_a, within_b, between))
        without.append(in_a / (n * (n - 1)) + in_b / (m * (m - 1)) - 2 * across / (n * m))
    return pseudo_values(value, np.array(without))


def kernel_sums(
    a: np.ndarray, b: np.ndarray, block: np.ndarray, block_b: np.ndarray, count: int, within: bool = False
) -> np.ndarray:
    """Sums of the kernel over the pairs of each two blocks; ``within`` one set, without pairs of an image with itself.

    Computed for a part of ``a`` and a part of ``b`` at a time: all pairs of 70,000 images would take 37 GiB.
    """
    indicator_a, indicator_b = (np.eye(count + 1)[part] for part in (block, block_b))
    sums = np.zeros((count + 1, count + 1))
    for i, (part_a, members_a) in enumerate(zip(parts(a), parts(indicator_a), strict=True)):
        for j, (part_b, members_b) in enumerate(zip(parts(b), parts(indicator_b), strict=True)):
            if within and j < i:
                continue  # added with its transpose below
            kernel = part_a @ part_b.T / a.shape[1] + 1
            kernel *= kernel * kernel
            if within and i == j:
                np.fill_diagonal(kernel, 0)
            found = members_a.T @ kernel @ members_b
            sums += found + found.T if within and j > i else found
    return sums


def _moments_without(
    x: np.ndarray, block: np.ndarray, count: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Mean and sample covariance without each block."""
    total = sum(part.sum(axis=0) for part in parts(x))
    outer = sum(part.T @ part for part in parts(x))
    for left_out in range(count or len(np.unique(block))):
        gone = rows(x, np.flatnonzero(block == left_out))
        n = len(x) - len(gone)
        mean = (total - gone.sum(axis=0)) / n
        yield mean, (outer - gone.T @ gone - n * np.outer(mean, mean)) / (n - 1)


def frechet(mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other: np.ndarray) -> float:
    """Frechet distance of two Gaussians; the eigenvalues of AB are those of the symmetric L'BL where A = LL'."""
    root = np.linalg.cholesky(covariance)
    common = np.sqrt(np.linalg.eigvalsh(root.T @ other @ root).clip(min=0)).sum()
    shift = mean - other_mean
    return float(shift @ shift + np.trace(covariance) + np.trace(other) - 2 * common)
