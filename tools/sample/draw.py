"""Draw the sample from the fitted model: the same seed gives the same bytes."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from tools.sample.appearance import SIZE
from tools.sample.detail import finish
from tools.sample.model import FaceModel
from tools.sample.render import place_of

STEADY = 0.35
"""See :meth:`tools.sample.identity.Population.draw`."""
EPOCH = (1980, 1, 1, 0, 0, 0)


def facing(landmarks: NDArray[np.float32], pictures: int, limit: float = 7.0) -> NDArray[np.int64]:
    """Rows of the identities none of whose pictures turns the nose by more than ``limit`` pixels."""
    turn = np.abs(landmarks[:, 30, 0] - (landmarks[:, 36, 0] + landmarks[:, 45, 0]) / 2)
    return np.flatnonzero(np.repeat((turn.reshape(-1, pictures) <= limit).all(1), pictures))


def draw_faces(
    model: FaceModel, people: int, pictures: int, seed: int, spread: float = 0.97
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Pictures ``[people, pictures, 128, 128, 3]`` and their landmarks ``[people, pictures, 68, 2]``."""
    torch.set_num_threads(1)
    coefficients = model.coefficients(3 * people, pictures, seed, spread, STEADY)
    kept = facing(model.appearance.landmarks(coefficients), pictures)[: people * pictures]
    coefficients = coefficients[torch.from_numpy(kept)]
    landmarks = model.appearance.landmarks(coefficients)
    faces = []
    for index, (row, points) in enumerate(zip(coefficients, landmarks, strict=True)):
        place = place_of(model.appearance.nodes(points[None]))
        smooth = model.appearance.smooth(row[None], place)[0]
        # A person's pictures share their grain: with another, moles and brows would be those of another person
        faces.append(finish(model.detail, smooth, np.random.RandomState([seed, index // pictures])))
    shape = (len(faces) // pictures, pictures)
    return np.stack(faces).reshape(*shape, SIZE, SIZE, 3), landmarks.reshape(*shape, 68, 2)


def _add(archive: zipfile.ZipFile, name: str, content: bytes, compress: int) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = compress
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def write_zip(path: Path, faces: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
    """Write ``HR/<identity>/<n>.png`` and ``landmarks.csv`` with fixed time stamps, in sorted order."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["image", *(f"{axis}{point}" for point in range(68) for axis in "xy")])
    digits = len(str(len(faces) - 1))
    with zipfile.ZipFile(path, "w") as archive:
        for person, (own, points) in enumerate(zip(faces, landmarks, strict=True)):
            for number, (face, marks) in enumerate(zip(own, points, strict=True)):
                name = f"id{person:0{digits}d}/{number}"
                picture = io.BytesIO()
                Image.fromarray(face).save(picture, "PNG", optimize=True)
                _add(archive, f"HR/{name}.png", picture.getvalue(), zipfile.ZIP_STORED)
                rows.writerow([name, *(f"{value:.2f}" for value in marks.ravel())])
        _add(archive, "landmarks.csv", table.getvalue().encode(), zipfile.ZIP_DEFLATED)
