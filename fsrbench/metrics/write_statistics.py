"""``fsrbench data statistics``: the Inception moments of a set of pictures, for ``--reference``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from fsrbench import weights
from fsrbench.datasets import Dataset, Sample, open_dataset
from fsrbench.errors import UserError, counted
from fsrbench.files.arrays import join, mean_and_covariance
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.machine.console import Reporter
from fsrbench.machine.devices import find_device
from fsrbench.metrics.extractors.base import BATCH, extract
from fsrbench.metrics.extractors.inception import Inception
from fsrbench.metrics.reference_statistics import DIMENSIONS, NETWORK
from fsrbench.pictures.decode import BadImage, centre_square, decode, to_tensor
from fsrbench.process.state import standardise


def write_statistics(
    source: str,
    out: Path,
    reporter: Reporter,
    *,
    limit: int | None = None,
    side: int | None = None,
    features: bool = False,
    device: str = "auto",
) -> None:
    """Write mean, covariance, number of images and the network's hash to a ``.npz`` file.

    Args:
        source: a dataset with HR pictures.
        out: the file.
        reporter: shows progress.
        limit: only the first pictures in sorted order.
        side: larger pictures are reduced to it by Pillow's LANCZOS, as a run reduces HR; not by default.
        features: write the activations too, which KID needs: 8 kB per image.
        device: where the network computes.

    Raises:
        UserError: HR pictures are missing, too few or unreadable, or ``out`` does not end in ``.npz``.
        Unavailable: the network's weights are missing.
    """
    if out.suffix != ".npz":
        raise UserError(f"{out}: name a file that ends in .npz")
    data = open_dataset(source).head(limit)
    if not data.has_hr:
        raise UserError(f"{source} lacks HR pictures of some or all samples")
    if len(data) < 2:
        raise UserError(f"{source} has {counted(len(data), 'picture')}; a covariance needs at least two")
    network = Inception()
    network.check()
    network.use(find_device(device))
    with disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            batches = reporter.track(_activations(network, data, side), -(-len(data) // BATCH), "activations")
            activations = join(({"activations": part} for part in batches), Path(folder))["activations"]
            mean, covariance = mean_and_covariance(activations)
            arrays = {"mu": mean, "sigma": covariance, "n": np.int64(len(activations))}
            arrays[NETWORK] = np.str_(weights.sha256("inception"))
            if features:
                arrays["features"] = np.asarray(activations)
            with whole(out) as part, part.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]


def _activations(network: Inception, data: Dataset, side: int | None) -> Iterator[np.ndarray]:
    """Activations of 16 pictures at a time; pictures of different sizes one by one."""
    standardise(0)
    for start in range(0, len(data), BATCH):
        pictures = [_picture(sample, side) for sample in data.samples[start : start + BATCH]]
        same = len({picture.shape for picture in pictures}) == 1
        groups = [np.stack(pictures)] if same else [picture[None] for picture in pictures]
        found = [extract(network, to_tensor(group), {})["activations"] for group in groups]
        yield np.concatenate(found).reshape(-1, DIMENSIONS)


def _picture(sample: Sample, side: int | None) -> np.ndarray:
    assert sample.hr is not None
    try:
        picture = centre_square(decode(sample.hr.read()))
    except (BadImage, OSError) as error:
        raise UserError(f"{sample.id}: {error}") from None
    if side is not None and picture.width > side:
        picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(picture)
