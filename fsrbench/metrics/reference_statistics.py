"""Statistics files: the Inception moments of a reference set such as FFHQ, in the formats of several projects."""

from __future__ import annotations

import functools
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from fsrbench import weights
from fsrbench.errors import FsrbenchError, UserError, one_line
from fsrbench.provenance.file_hashes import sha256_of
from fsrbench.weights.tensors import read_checkpoint

SUFFIXES: Final = (".npz", ".pkl", ".pth")
DIMENSIONS: Final = 2048
"""Of the Inception activations that FID and KID read."""
MEAN: Final = ("mu", "mean")
COVARIANCE: Final = ("sigma", "cov", "covariance")
FEATURES: Final = ("features", "feats", "activations")
COUNT: Final = ("n", "num_images", "count")
NETWORK: Final = "network_sha256"
"""Key of the hash of the network's file, which ``fsrbench data statistics`` writes beside the moments."""
_ARRAYS: Final = {
    (f"numpy{core}.multiarray", name) for core in (".core", "._core") for name in ("_reconstruct", "scalar")
} | {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
}
"""The functions and classes that a pickle of arrays needs."""


@dataclass(frozen=True)
class Statistics:
    """A checked statistics file; its arrays are read on demand."""

    path: Path
    sha256: str
    images: int | None
    """Number of images; ``None`` if the file does not say."""
    network: str | None
    """sha256 of the network's file; ``None`` if the file does not say."""
    has_features: bool

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean 2048 and covariance 2048,2048, float64."""
        found = _read(self.path, self.sha256)
        return found["mean"], found["covariance"]

    def features(self) -> np.ndarray:
        """Features N,2048 of the images, if :attr:`has_features`."""
        return np.asarray(_read(self.path, self.sha256)["features"])

    def __str__(self) -> str:
        """For a protocol: file, hash and number of images."""
        images = f"of {self.images} images" if self.images else "of an unknown number of images"
        network = "the network of this run" if self.network else "a network that it does not name"
        return f"the statistics file {self.path.name} (sha256 {self.sha256[:12]}, {images}, by {network})"


def is_statistics(source: str) -> bool:
    """Whether ``--reference`` names a statistics file and not a dataset."""
    return Path(source).suffix.lower() in SUFFIXES


def open_statistics(source: str) -> Statistics:
    """Check a statistics file.

    Args:
        source: path of a ``.npz`` (pytorch-fid, clean-fid, ``fsrbench data statistics``), ``.pkl`` (NVIDIA's) or
            ``.pth`` (BasicSR's): mean and covariance under one of the usual names, and perhaps features.

    Raises:
        UserError: there is no such file, it holds something else, or it is of another network.
    """
    try:
        path = Path(source).expanduser()
    except RuntimeError as error:  # an unknown ~user
        raise UserError(f"--reference {source}: {error}") from None
    if not path.is_file():
        raise UserError(f"--reference {source}: there is no such file")
    digest = sha256_of(path)
    try:
        found = _read(path, digest)
    except FsrbenchError as error:
        raise UserError(f"--reference {source}: {error}") from None
    images = len(found["features"]) if "features" in found else found.get("n")
    network = found.get(NETWORK)
    if network and weights.is_available("inception") and network != weights.sha256("inception"):
        here = weights.sha256("inception")[:12]
        raise UserError(f"--reference {source} is of another network (sha256 {network[:12]}) than this run's ({here})")
    return Statistics(path.absolute(), digest, images, network, "features" in found)


@functools.lru_cache(maxsize=1)
def _read(path: Path, digest: str) -> dict[str, Any]:
    """A file's checked arrays, by one name each whatever the file calls them.

    Raises:
        UserError: it is not a statistics file.
    """
    content = _content(path)
    named = {"mean": MEAN, "covariance": COVARIANCE, "features": FEATURES, "n": COUNT, NETWORK: (NETWORK,)}
    values = {name: next((content[key] for key in keys if key in content), None) for name, keys in named.items()}
    found: dict[str, Any] = {name: _checked(name, value) for name, value in values.items() if value is not None}
    if "features" in found and "mean" not in found:
        features = found["features"].astype(np.float64)
        if features.ndim != 2 or len(features) < 2:
            raise UserError(f"its features are {features.shape}; a covariance needs those of at least two images")
        found |= {"mean": features.mean(axis=0), "covariance": np.cov(features, rowvar=False)}
    for name, keys in (("mean", MEAN), ("covariance", COVARIANCE)):
        if name not in found:
            raise UserError(f"holds no {name} ({' or '.join(keys)}), but {', '.join(map(str, content)) or 'nothing'}")
    _check_shapes(found)
    return found


def _checked(name: str, value: Any) -> Any:
    """A number of images, the hash of a network, or an array of finite numbers, moments as float64.

    Raises:
        UserError: the value is something else.
    """
    try:
        array = np.asarray(value)
    except Exception as error:  # such as a tensor of a type that numpy does not have
        raise UserError(f"its {name} cannot be read: {one_line(error)}") from None
    if name == NETWORK:
        if array.size != 1 or array.dtype.kind not in "US":
            raise UserError(f"its {NETWORK} is not a hash")
        return str(array.item())
    if array.dtype.kind not in "fiu":
        raise UserError(f"its {name} is not an array of numbers")
    if not np.isfinite(array).all():
        raise UserError(f"its {name} has numbers that are not finite")
    if name != "n":
        return array if name == "features" else array.astype(np.float64)
    if array.size != 1 or array.item() < 1 or array.item() % 1:
        raise UserError("its number of images is not a whole number above 0")
    return int(array.item())


def _check_shapes(found: Mapping[str, Any]) -> None:
    mean, covariance = found["mean"], found["covariance"]
    if mean.shape != (DIMENSIONS,):
        raise UserError(f"is of another network: its mean is {mean.shape}, Inception's is ({DIMENSIONS},)")
    if covariance.shape != (DIMENSIONS, DIMENSIONS):
        raise UserError(f"its covariance is {covariance.shape}, not ({DIMENSIONS}, {DIMENSIONS})")
    if (np.diag(covariance) < 0).any() or not np.allclose(covariance, covariance.T, atol=1e-6 * abs(covariance).max()):
        raise UserError("its covariance is invalid: it is not symmetric, or has variances below 0")
    if "features" in found and np.shape(found["features"])[1:] != (DIMENSIONS,):
        raise UserError(f"its features are {np.shape(found['features'])}, not N,{DIMENSIONS}")


def _content(path: Path) -> Mapping[str, Any]:
    """A file's content by name; no code in it is run."""
    try:
        if path.suffix.lower() == ".npz":
            if not zipfile.is_zipfile(path):
                raise UserError("is not a .npz file, or is damaged")
            with np.load(path, allow_pickle=False) as file:
                return dict(file)
        if path.suffix.lower() == ".pth":
            return read_checkpoint(path)
        with path.open("rb") as file:
            content = _ArraysOnly(file).load()
    except FsrbenchError:
        raise
    except Exception as error:  # zipfile, numpy and pickle each raise their own
        raise UserError(f"cannot be read: {one_line(error)}") from None
    if not isinstance(content, dict):
        raise UserError(f"holds {type(content).__name__}, not arrays by name")
    return content


class _ArraysOnly(pickle.Unpickler):
    """Reads numpy's arrays and plain values, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        raise UserError(f"holds code ({module}.{name}) and is not loaded; save mu and sigma with numpy.savez")
