"""Faces with 68 landmarks for training and measuring the FAN, held in memory as 8-bit arrays."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from fsrbench.datasets import Picture, open_dataset
from fsrbench.datasets.landmarks import LANDMARKS
from fsrbench.datasets.storage import Files, FolderFiles, ZipFiles
from fsrbench.errors import UserError, one_line
from fsrbench.pictures.decode import BadImage, centre_square, decode, in_centre_square, to_tensor
from fsrbench.training.data import Digest
from reference_model.fan import INPUT, POINTS

SIDE = 128
"""Side in pixels of the faces in memory, large enough that enlarging and turning them costs no detail."""
MAX_OUTSIDE = 0.5
"""How far outside the picture landmarks may be, in its sides, such as the chin of a close crop."""
MIN_EYE_DISTANCE = 0.01
"""Minimum distance of the outer eye corners, in sides of the picture; errors are divided by it."""
MAX_NOTES = 10
POINTS_FILE = "landmarks68.npz"

_JAW, _BROWS = [*range(16, -1, -1)], [*range(26, 16, -1)]
_NOSE = [27, 28, 29, 30, 35, 34, 33, 32, 31]
_EYES = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
_MOUTH = [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
MIRRORED = np.array([*_JAW, *_BROWS, *_NOSE, *_EYES, *_MOUTH])
"""Index of each point's mirrored counterpart (300-W order)."""


@dataclass(frozen=True, eq=False)
class Annotated:
    """Faces uint8 N,SIDE,SIDE,3, their points float32 N,68,2 (x, y in [0, 1] of the side) and names."""

    faces: np.ndarray
    points: np.ndarray
    names: np.ndarray
    identities: Mapping[str, str] = field(default_factory=dict)
    """The person of each name, if known."""
    notes: tuple[str, ...] = ()
    """Faces that were left out, and why."""

    def __len__(self) -> int:
        return len(self.names)

    def where(self, keep: np.ndarray) -> Annotated:
        """The faces that a boolean mask keeps."""
        return Annotated(self.faces[keep], self.points[keep], self.names[keep], self.identities, self.notes)

    def __add__(self, other: Annotated) -> Annotated:
        def join(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.concatenate([a, b])

        return Annotated(
            join(self.faces, other.faces),
            join(self.points, other.points),
            join(self.names, other.names),
            {**self.identities, **other.identities},
            self.notes + other.notes,
        )


class Marked(NamedTuple):
    """A picture and its points 68,2 (x, y in pixels, pixel centres at whole numbers)."""

    name: str
    picture: Picture
    points: np.ndarray
    identity: str | None = None


def load_annotated(source: str | Path, points: Path | None = None, digest: Digest | None = None) -> Annotated:
    """Read faces with landmarks; pictures are cut to their central squares.

    Args:
        source: a dataset with landmarks, as for ``fsrbench run --data``; or a folder or zip of pictures that holds
            ``landmarks68.npz`` with ``names`` [N] (paths of pictures) and ``points`` [N,68,2] (x, y in pixels of the
            pictures, pixel centres at whole numbers).
        points: such a file elsewhere.
        digest: updated with the names, points and bytes of all picture files.

    Raises:
        UserError: there are no landmarks, or none that can be used.
    """
    files = _files(Path(source))
    in_a_table = points or (files and POINTS_FILE in files.names())
    marked = _of_table(source, files, points) if in_a_table else _of_dataset(str(source))
    faces, shares, used, left_out = [], [], [], []
    for face in marked:
        try:
            data = face.picture.read()
            if digest is not None:
                digest.update(f"{face.name} {len(data)}:".encode() + data + np.asarray(face.points, float).tobytes())
            image = decode(data)
        except (BadImage, OSError, KeyError) as error:
            raise UserError(f"{source}: {face.name}: {one_line(error)}") from None
        found = in_centre_square(face.points, image.size)
        if reason := _unusable(found):
            left_out.append(f"{face.name} is left out: {reason}")
            continue
        used.append(face)
        shares.append(found.astype(np.float32))
        faces.append(np.asarray(centre_square(image).resize((SIDE, SIDE), Image.Resampling.LANCZOS)))
    if not used:
        raise UserError(f"{source}: no picture's landmarks can be used; {(*left_out, 'there are none')[0]}")
    identities = {face.name: face.identity for face in used if face.identity}
    names = np.array([face.name for face in used])
    return Annotated(np.stack(faces), np.stack(shares), names, identities, _shortened(left_out))


def _unusable(points: np.ndarray) -> str:
    """Why landmarks 68,2 (in shares of the picture's side) cannot be right; empty if they can."""
    if not np.isfinite(points).all():
        return "a landmark is not a finite number"
    if (far := np.abs(points - 0.5).max()) > 0.5 + MAX_OUTSIDE:
        return f"a landmark lies {far - 0.5:.1f} sides outside the picture"
    if not np.linalg.norm(points[36] - points[45]) > MIN_EYE_DISTANCE:
        return "the outer corners of the eyes coincide"
    return ""


def _shortened(lines: list[str]) -> tuple[str, ...]:
    more = (f"{len(lines)} pictures are left out in all, because of their landmarks",)
    return (*lines[:MAX_NOTES], *more) if len(lines) > MAX_NOTES else tuple(lines)


def _files(path: Path) -> Files | None:
    if path.is_dir():
        return FolderFiles(path)
    return ZipFiles(path) if path.is_file() else None


def _of_table(source: str | Path, files: Files | None, points: Path | None) -> list[Marked]:
    if files is None:
        raise UserError(f"{source} is not a folder or zip of the pictures that {points} names")
    try:
        table = np.load(points or io.BytesIO(files.read(POINTS_FILE)), allow_pickle=False)
        names, values = table["names"], table["points"].astype(np.float32)
    except Exception as error:  # numpy and zipfile raise various types
        raise UserError(f"{points or source}: no usable {POINTS_FILE}: {one_line(error)}") from None
    if values.shape != (len(names), POINTS, 2):
        raise UserError(f"{points or source}: points are {values.shape}, not {(len(names), POINTS, 2)}")
    return [Marked(str(n), Picture(files, str(n)), at) for n, at in zip(names, values, strict=True)]


def _of_dataset(source: str) -> list[Marked]:
    samples = open_dataset(source).samples
    marked = [Marked(s.id, s.hr, s.landmarks, s.identity) for s in samples if s.hr and s.landmarks is not None]
    if not marked:
        raise UserError(f"{source}: no picture has {POINTS} landmarks, in {LANDMARKS} or {POINTS_FILE} beside them")
    return marked


def draw(data: Annotated, rows: np.ndarray, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Augmented faces: turned, shifted, mirrored, relit, covered, blurred and of few pixels.

    Returns:
        N,3,64,64 in [0, 1] and N,68,2 in [0, 1] of the side.
    """
    faces = torch.from_numpy(data.faces[rows]).permute(0, 3, 1, 2).float() / 255
    points = torch.from_numpy(data.points[rows])
    mirror = _uniform(len(rows), 0, 1, generator) < 0.5
    faces = torch.where(mirror[:, None, None, None], faces.flip(3), faces)
    flipped = torch.stack([1 - points[:, MIRRORED, 0], points[:, MIRRORED, 1]], dim=2)
    points = torch.where(mirror[:, None, None], flipped, points)
    faces, points = _turn(faces, points, generator)
    faces = _few_pixels(faces, generator)
    return _cover(_relight(faces, generator), generator), points


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator) * (high - low) + low


def _turn(faces: Tensor, points: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Turn by up to 25 degrees, scale by 0.8 to 1.2, shift by up to 8 %, reduce to 64 px."""
    n = len(faces)
    angle = (torch.randn(n, generator=generator) * 10).clamp(-25, 25) * math.pi / 180
    scale = _uniform(n, 0.8, 1.2, generator)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    shift = (torch.rand(n, 2, generator=generator) - 0.5) * 0.32  # of half the side
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)  # from output to input
    grid = F.affine_grid(torch.cat([turn, shift[:, :, None]], dim=2), [n, 3, SIDE, SIDE], align_corners=False)
    faces = F.grid_sample(faces, grid, padding_mode="border", align_corners=False)
    centred = points * 2 - 1 - shift[:, None]
    points = (centred @ torch.linalg.inv(turn).transpose(1, 2) + 1) / 2
    return F.avg_pool2d(faces, SIDE // INPUT), points


def _few_pixels(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the batch loses detail: reduced to 12 to 48 px, with noise, and enlarged again."""
    soft = faces[: len(faces) // 2]
    side = int(torch.randint(12, 49, (), generator=generator))
    small = F.interpolate(soft, size=(side, side), mode="bilinear", antialias=True)
    noise = (
        torch.randn(small.shape, generator=generator) * _uniform(len(small), 0, 0.03, generator)[:, None, None, None]
    )
    soft = F.interpolate(small + noise, size=(INPUT, INPUT), mode="bicubic")
    return torch.cat([soft, faces[len(faces) // 2 :]]).clamp(0, 1)


def _relight(faces: Tensor, generator: torch.Generator) -> Tensor:
    n = len(faces)
    contrast = _uniform(n, 0.6, 1.4, generator)[:, None, None, None]
    brightness = _uniform(n, -0.15, 0.15, generator)[:, None, None, None]
    tint = (torch.rand(n, 3, 1, 1, generator=generator) - 0.5) * 0.15
    grey = (torch.rand(n, generator=generator) < 0.1)[:, None, None, None]
    faces = torch.where(grey, faces.mean(dim=1, keepdim=True), faces)
    return ((faces - 0.5) * contrast + 0.5 + brightness + tint).clamp(0, 1)


def _cover(faces: Tensor, generator: torch.Generator) -> Tensor:
    """A third of the batch has a grey rectangle of up to half its side somewhere."""
    for face in faces[::3]:
        height, width = torch.randint(6, INPUT // 2, (2,), generator=generator).tolist()
        top = int(torch.randint(0, INPUT - height, (), generator=generator))
        left = int(torch.randint(0, INPUT - width, (), generator=generator))
        face[:, top : top + height, left : left + width] = torch.rand(3, 1, 1, generator=generator)
    return faces


def reduced(data: Annotated) -> Tensor:
    """All faces at the FAN's size, as the benchmark would reduce them: N,3,64,64 in [0, 1]."""
    small = [Image.fromarray(face).resize((INPUT, INPUT), Image.Resampling.LANCZOS) for face in data.faces]
    return to_tensor(np.stack([np.asarray(face) for face in small]))
