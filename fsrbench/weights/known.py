"""Which weight files are known: those of the judges, and those that installed packages declare."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from fsrbench.errors import UserError, requirement, unknown_name
from fsrbench.files.text import read_yaml
from fsrbench.registry import NameConflict

DECLARED: Final = "weights/weights.yaml"
"""Beside a package's code: the licence of the weight files in that folder, and their sha256 by file name."""
GROUPS: Final = ("fsrbench.methods", "fsrbench.metrics", "fsrbench.extractors")
"""Entry points whose packages may declare weight files."""


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
    """Folder in the package."""
    origin: str = ""
    """What the user makes the file from, if nobody publishes it in the form read here."""

    def shipped(self) -> list[Path]:
        """Where the file would be if its package ships it."""
        return [folder / self.folder / self.file for folder in package_folders(self.package)] if self.package else []


_OF_SCRIPTS: Final = {
    "landmarks98": ("landmarks98.onnx", "any network of 98 landmarks as ONNX, VQFR's being alignment_WFLW_4HG.pth"),
    "resnet18_110": ("resnet18_110.onnx", "resnet18_110.pth of github.com/ronghuaiyang/arcface-pytorch as ONNX"),
    "arcface_resnet18": (
        "arcface_resnet18.onnx",
        "arcface_resnet18.pth of github.com/wzhouxiff/RestoreFormerPlusPlus as ONNX",
    ),
    "adaface": ("adaface.onnx", "adaface_ir50_ms1mv2.ckpt of github.com/mk-minchul/AdaFace as ONNX"),
    "face_points": (
        "face_points.csv",
        "face_alignment/test_2026_face.csv of github.com/jkwang28/NTIRE2026_RealWorld_Face_Restoration",
    ),
}
"""Files that published scripts read, by name: the file, and what it is made from. Nobody publishes their sha256."""


def _of_a_script(name: str) -> WeightFile:
    file, origin = _OF_SCRIPTS[name]
    return WeightFile(name, file, None, None, f"its owner's; name the file with --weights {name}=FILE", origin=origin)


JUDGES: Final = {
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
            "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
            "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt",
            "MIT (facenet-pytorch)",
        ),
        WeightFile(
            "dlib-landmarks",
            "shape_predictor_68_face_landmarks.dat",
            "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
            None,
            "research only (iBUG 300-W)",
            package="face_recognition_models",
        ),
        WeightFile(
            "dlib-descriptor",
            "dlib_face_recognition_resnet_model_v1.dat",
            "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
            None,
            "CC0 (dlib)",
            package="face_recognition_models",
        ),
        WeightFile(
            "inception",
            "weights-inception-2015-12-05-6726825d.pth",
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
            "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
            "Apache-2.0 (TensorFlow; torch-fidelity)",
        ),
        WeightFile(
            "retinaface",
            "retinaface_resnet50_2020-07-20-f168fae3c.zip",
            None,
            "https://github.com/ternaus/retinaface/releases/download/0.01/retinaface_resnet50_2020-07-20-f168fae3c.zip",
            "MIT (retinaface-pytorch)",
        ),
        _of_a_script("landmarks98"),
        WeightFile("arcface", "arcface.onnx", None, None, "its owner's; name the file with --weights arcface=FILE"),
        *(_of_a_script(name) for name in _OF_SCRIPTS if name != "landmarks98"),
        WeightFile(
            "niqe_face",
            "niqe_face.safetensors",
            "8e51b663a751f224a752d44029d7526395626cb4d72e5f3148b9ecc217b89e12",
            None,
            "Apache-2.0, for research",
            package="fsrbench.metrics",
            folder="weights",
        ),
    )
}


class _Declaration(BaseModel):
    """The content of a package's :data:`DECLARED`."""

    model_config = ConfigDict(extra="forbid")

    licence: str
    files: dict[str, str]


@functools.cache
def known_files() -> dict[str, WeightFile]:
    """All known weight files by name; a declared one has that of its file, without suffix.

    Raises:
        NameConflict: two packages declare different files under one name.
        UserError: a declaration is damaged.
    """
    found = dict(JUDGES)
    for package in _packages():
        for weight in _declared(package):
            other = found.setdefault(weight.name, weight)
            if other != weight:
                packages = f"{other.package or 'fsrbench'} and {package}"
                raise NameConflict(f"{packages} both declare the weight file {weight.name}; uninstall one of them")
    return found


def unknown(name: str) -> str:
    """The message for a name that no weight file has."""
    return unknown_name("weight file", name, known_files())


def _packages() -> Iterator[str]:
    """The packages of all entry points, and their parent packages: ours first."""
    points = [point for group in GROUPS for point in metadata.entry_points(group=group)]
    points.sort(key=lambda point: point.dist is None or point.dist.name != "fsrbench")
    modules = dict.fromkeys(point.module for point in points)
    parents = [module.rsplit(".", n) for module in modules for n in range(module.count("."), -1, -1)]
    yield from dict.fromkeys(parts[0] for parts in parents)


def _declared(package: str) -> Iterator[WeightFile]:
    for path in (folder / DECLARED for folder in package_folders(package)):
        if not path.is_file():
            continue
        try:
            declared = _Declaration.model_validate(read_yaml(path, strings=True))
        except ValidationError as error:
            raise UserError(f"{path}: {requirement(error.errors()[0])}") from None
        for file, sha256 in declared.files.items():
            yield WeightFile(Path(file).stem, file, sha256, None, declared.licence, package, path.parent.name)


def package_folders(package: str) -> list[Path]:
    """Folders where a package would be, without importing it: some need what is missing, and many take seconds."""
    top, *parts = package.split(".")
    spec = importlib.util.find_spec(top)
    return [Path(root, *parts) for root in (spec.submodule_search_locations if spec else None) or ()]
