"""Measure the sample: are its faces detected and told apart, and do they behave like real faces when reduced?"""

from __future__ import annotations

import io
import zipfile
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = 128
Picture = NDArray[np.uint8]


def load_pictures(path: Path, limit: int | None = None) -> tuple[list[str], list[Picture]]:
    """Names and RGB pictures of a zip, evenly spaced over it if ``limit`` is given."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith((".png", ".jpg")))
        if limit and limit < len(names):
            names = [names[i] for i in np.linspace(0, len(names) - 1, limit).astype(int)]
        return names, [np.array(Image.open(io.BytesIO(archive.read(n))).convert("RGB")) for n in names]


def resize(picture: Picture, size: int, method: Image.Resampling) -> Picture:
    """Pillow's resizing of a square picture."""
    return np.array(Image.fromarray(picture).resize((size, size), method))


def psnr(a: Picture, b: Picture) -> float:
    """RGB PSNR in dB."""
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


def bicubic_psnr(picture: Picture, high: int, low: int = 16) -> float:
    """PSNR of ``high`` -> ``low`` -> ``high`` with Pillow's BICUBIC."""
    reference = picture if high == SIZE else resize(picture, high, Image.Resampling.LANCZOS)
    small = resize(reference, low, Image.Resampling.BICUBIC)
    return psnr(resize(small, high, Image.Resampling.BICUBIC), reference)


def grey(picture: Picture, size: int) -> NDArray[np.float64]:
    """Grey picture of the given side."""
    sized = picture if size == SIZE else resize(picture, size, Image.Resampling.LANCZOS)
    return np.array(Image.fromarray(sized).convert("L"), float)


def laplacian_energy(picture: Picture, size: int) -> float:
    """Mean square of the four-neighbour Laplacian of the grey picture."""
    g = grey(picture, size)
    inner = 4 * g[1:-1, 1:-1] - g[:-2, 1:-1] - g[2:, 1:-1] - g[1:-1, :-2] - g[1:-1, 2:]
    return float((inner**2).mean())


def radial_spectrum(pictures: list[Picture], bands: int = 8) -> NDArray[np.float64]:
    """Mean power in equal-width bands of spatial frequency up to Nyquist."""
    window = np.outer(np.hanning(SIZE), np.hanning(SIZE))
    power = np.mean([np.abs(np.fft.fft2((g := grey(p, SIZE)) * window - g.mean() * window)) ** 2 for p in pictures], 0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
    band = np.minimum((frequency / 0.5 * bands).astype(int), bands)
    return np.array([power[band == b].mean() for b in range(bands)])


def detection_rate(pictures: list[Picture], size: int, enlarge: int = 1, confidence: float = 0.9) -> float:
    """Share of pictures in which MTCNN finds a face."""
    from facenet_pytorch import MTCNN

    detector, found = MTCNN(device="cpu"), 0
    for picture in pictures:
        sized = picture if size == SIZE else resize(picture, size, Image.Resampling.LANCZOS)
        shown = resize(sized, size * enlarge, Image.Resampling.BICUBIC) if enlarge > 1 else sized
        _, scores = detector.detect(Image.fromarray(shown))
        found += scores[0] is not None and bool(np.max(scores) >= confidence)
    return found / len(pictures)


def _models() -> Path:
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("face_recognition_models")
    return Path(spec.submodule_search_locations[0]) / "models"


class Dlib:
    """dlib's 68 landmarks for this framing, and its face descriptor."""

    def __init__(self) -> None:
        import dlib

        self.box: Any = dlib.rectangle
        self.shape = dlib.shape_predictor(str(_models() / "shape_predictor_68_face_landmarks.dat"))
        self.net = dlib.face_recognition_model_v1(str(_models() / "dlib_face_recognition_resnet_model_v1.dat"))

    def _detect(self, picture: Picture) -> tuple[Picture, Any]:
        double = resize(picture, 2 * SIZE, Image.Resampling.BICUBIC)
        return double, self.shape(double, self.box(34, 56, 222, 244))

    def landmarks(self, picture: Picture) -> NDArray[np.float32]:
        """``[68, 2]`` in pixels of the 128-px picture."""
        points = np.array([(p.x, p.y) for p in self._detect(picture)[1].parts()], np.float32)
        return (points + 0.5) / 2 - 0.5

    def describe(self, pictures: list[Picture]) -> NDArray[np.float32]:
        """Descriptors ``[n, 128]``."""
        return np.array([self.net.compute_face_descriptor(*self._detect(p)) for p in pictures], np.float32)


def verification_pairs(people: list[str], seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """All genuine pairs and as many impostor pairs, shuffled."""
    rng = np.random.default_rng(seed)
    label = np.unique(people, return_inverse=True)[1]
    genuine = [(a, b) for a, b in combinations(range(len(people)), 2) if label[a] == label[b]]
    impostor: set[tuple[int, int]] = set()
    while len(impostor) < len(genuine):
        a, b = sorted(rng.integers(0, len(people), 2).tolist())
        if label[a] != label[b]:
            impostor.add((a, b))
    pairs = np.array(genuine + sorted(impostor))
    same = np.arange(len(pairs)) < len(genuine)
    order = rng.permutation(len(pairs))
    return pairs[order], same[order]


def verification_accuracy(descriptors: NDArray[np.float32], people: list[str], folds: int = 10) -> float:
    """Ten-fold accuracy with the threshold from the other nine."""
    pairs, same = verification_pairs(people)
    distance = np.linalg.norm(descriptors[pairs[:, 0]] - descriptors[pairs[:, 1]], axis=1)
    fold = np.arange(len(pairs)) % folds
    thresholds = np.linspace(0.1, 1.2, 441)
    right = (distance[:, None] < thresholds) == same[:, None]
    scores = [right[fold == k][:, right[fold != k].mean(0).argmax()].mean() for k in range(folds)]
    return float(np.mean(scores))


def nearest(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of each query to its nearest neighbour in the gallery."""
    squared = (queries**2).sum(1)[:, None] + (gallery**2).sum(1) - 2 * queries @ gallery.T
    return np.sqrt(squared.clip(0).min(1))
