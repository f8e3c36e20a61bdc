"""The acceptance numbers of the sample beside those of real faces."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.sample import check

Row = tuple[str, float, float]
REAL = 300
"""How many real pictures the statistics are taken from."""


def people_of(names: list[str]) -> list[str]:
    """Identity of each picture: the folder it lies in."""
    return [name.split("/")[-2] for name in names]


def statistics(sample: list[check.Picture], real: list[check.Picture]) -> list[Row]:
    """Detection, interpolation error and detail energy of the sample and of real faces."""
    measures: dict[str, Callable[[list[check.Picture]], float]] = {
        "MTCNN finds, 128 px": lambda p: check.detection_rate(p, 128),
        "MTCNN finds, 64 px": lambda p: check.detection_rate(p, 64),
        "MTCNN finds, 64 px enlarged x2": lambda p: check.detection_rate(p, 64, 2),
        "bicubic PSNR 64-16-64 [dB]": lambda p: float(np.mean([check.bicubic_psnr(q, 64) for q in p])),
        "bicubic PSNR 128-16-128 [dB]": lambda p: float(np.mean([check.bicubic_psnr(q, 128) for q in p])),
        "Laplacian energy, 64 px": lambda p: float(np.mean([check.laplacian_energy(q, 64) for q in p])),
        "Laplacian energy, 128 px": lambda p: float(np.mean([check.laplacian_energy(q, 128) for q in p])),
        "median Laplacian energy, 64 px": lambda p: float(np.median([check.laplacian_energy(q, 64) for q in p])),
        "median Laplacian energy, 128 px": lambda p: float(np.median([check.laplacian_energy(q, 128) for q in p])),
    }
    rows = [(name, measure(sample), measure(real)) for name, measure in measures.items()]
    ours, theirs = check.radial_spectrum(sample), check.radial_spectrum(real)
    return rows + [
        (f"spectrum, band {b + 1} of 8 [dB]", *(10 * np.log10(s[b]) for s in (ours, theirs))) for b in range(8)
    ]


def landmark_error(path: Path, names: list[str], pictures: list[check.Picture], dlib: check.Dlib) -> float:
    """Mean distance of the stored landmarks from dlib's, as a share of the outer-eye distance."""
    with zipfile.ZipFile(path) as archive:
        table = np.genfromtxt(
            io.BytesIO(archive.read("landmarks.csv")), delimiter=",", names=True, dtype=None, encoding="utf8"
        )
    marks = {row[0]: np.array(list(row)[1:], float).reshape(68, 2) for row in table}
    errors = []
    for name, picture in zip(names, pictures, strict=True):
        stored, found = marks[name.removeprefix("HR/").rsplit(".", 1)[0]], dlib.landmarks(picture)
        errors.append(np.linalg.norm(stored - found, axis=1).mean() / np.linalg.norm(stored[36] - stored[45]))
    return float(np.mean(errors))


def describe_zip(path: Path, limit: int | None, dlib: check.Dlib, cache: Path | None) -> dict[str, Any]:
    """Descriptors and identities of a zip of real faces, kept in ``cache`` between calls."""
    store = cache / f"{path.stem}-{limit}.npz" if cache else None
    if store and store.exists():
        return dict(np.load(store))
    names, pictures = check.load_pictures(path, limit)
    found = {"descriptors": dlib.describe(pictures), "people": np.array(people_of(names))}
    if store:
        np.savez(store, **found)
    return found


def identities(names: list[str], own: NDArray[np.float32], train: dict[str, Any], test: dict[str, Any]) -> list[Row]:
    """Verification accuracy, and the sample's distance from the people that the model was fitted to."""
    accuracy = check.verification_accuracy(own, people_of(names))
    real = check.verification_accuracy(test["descriptors"], test["people"].tolist())
    ours = check.nearest(own, train["descriptors"])
    strangers = check.nearest(test["descriptors"], train["descriptors"])
    rows = [("labelled-pair accuracy (dlib)", accuracy, real)]
    rows.append(("nearest training face (dlib): smallest", float(ours.min()), float(strangers.min())))
    matched = np.random.default_rng(0).choice(strangers, (200, len(ours))).min(1).mean()
    rows.append(("... smallest, as many strangers", float(ours.min()), float(matched)))
    rows.append(("... median", float(np.median(ours)), float(np.median(strangers))))
    for title, select in (("within", True), ("between", False)):
        values = [
            _spread(d, list(p), select) for d, p in ((own, people_of(names)), (test["descriptors"], test["people"]))
        ]
        rows.append((f"mean descriptor distance {title} identities", *values))
    return rows


def _spread(descriptors: NDArray[np.float32], people: list[str], genuine: bool) -> float:
    pairs, same = check.verification_pairs(people)
    chosen = pairs[same == genuine]
    return float(np.linalg.norm(descriptors[chosen[:, 0]] - descriptors[chosen[:, 1]], axis=1).mean())


def report(sample: Path, train: Path, test: Path, cache: Path | None = None) -> list[Row]:
    """All rows: name, sample's number, real faces' number."""
    names, pictures = check.load_pictures(sample)
    dlib = check.Dlib()
    rows = statistics(pictures, check.load_pictures(test, REAL)[1])
    rows.append(
        ("stored landmarks against dlib's (share of eye distance)", landmark_error(sample, names, pictures, dlib), 0.0)
    )
    gallery = describe_zip(train, 3000, dlib, cache)
    held_out = describe_zip(test, None, dlib, cache)
    return rows + identities(names, dlib.describe(pictures), gallery, held_out)
