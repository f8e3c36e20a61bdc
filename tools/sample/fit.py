"""Fit the model: appearance, population and flow; the detail network is trained by ``fsrbench train``."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tools.sample.appearance import (
    FLIP68,
    GRID,
    SIZE,
    Array,
    Subspace,
    control_points,
    fit_subspace,
    spline_basis,
)
from tools.sample.detail import read_network
from tools.sample.faces import Faces, load_faces, usable
from tools.sample.flow import fit_flow
from tools.sample.identity import fit_population
from tools.sample.model import FaceModel, save
from tools.sample.render import TEXTURE, Appearance

LOG = logging.getLogger(__name__)
COMPONENTS = 192
SHAPES = 20
BASIS_FACES = 11_000


def mirror_points(landmarks: Array) -> Array:
    """Landmarks of the mirrored pictures."""
    other = landmarks[:, FLIP68].copy()
    other[..., 0] = SIZE - 1 - other[..., 0]
    return other


def mean_shape(landmarks: Array) -> Array:
    """Mean of the landmarks and their mirror image."""
    mean = landmarks.mean(0, keepdims=True)
    return ((mean + mirror_points(mean)) / 2)[0]


def textures(faces: Faces, mean: Array) -> Array:
    """Pictures warped to the mean shape, ``[n, 64 * 64 * 3]`` in 0..1."""
    basis, rows = spline_basis(control_points(mean)), []
    for start in range(0, len(faces), 64):
        points = np.stack([control_points(p) for p in faces.landmarks[start : start + 64]])
        nodes = torch.from_numpy(np.einsum("gp,bpk->bgk", basis, points)).reshape(-1, GRID, GRID, 2)
        flow = F.interpolate(nodes.permute(0, 3, 1, 2), size=(SIZE, SIZE), mode="bilinear", align_corners=True)
        grid = (flow.permute(0, 2, 3, 1) + 0.5) / (SIZE / 2) - 1
        picture = torch.from_numpy(faces.pictures[start : start + 64]).permute(0, 3, 1, 2).float() / 255
        warped = F.grid_sample(picture, grid, padding_mode="border", align_corners=False)
        rows.append(F.avg_pool2d(warped, SIZE // TEXTURE).permute(0, 2, 3, 1).flatten(1).numpy())
    return np.concatenate(rows)


def pixel_weights(mean: Array) -> Array:
    """Weight of each texture value: the face more than its surroundings, eyes and mouth most."""
    rows, columns = np.mgrid[:TEXTURE, :TEXTURE] * (SIZE / TEXTURE) + 0.5
    weight = 1 + 1.2 / (1 + np.exp(8 * (np.hypot((columns - 63.5) / 42, (rows - 76) / 50) - 1)))
    for part in (mean[36:42], mean[42:48], mean[48:]):
        x, y = part.mean(0)
        weight += 1.5 * np.exp(-((columns - x) ** 2) / 162 - (rows - y) ** 2 / 72)
    return np.repeat(weight.astype(np.float32).ravel(), 3)


def mirrored(rows: Array) -> Array:
    """Textures of the mirrored pictures."""
    return rows.reshape(-1, TEXTURE, TEXTURE, 3)[:, :, ::-1].reshape(len(rows), -1)


def scaled(space: Subspace, rows: Array) -> Array:
    """Coefficients in standard deviations."""
    return space.encode(rows) / space.deviation


def fit_appearance(faces: Faces) -> tuple[Appearance, Array, Array]:
    """The appearance model and the coefficients of the faces and of their mirror images."""
    mean = mean_shape(faces.landmarks)
    weight, rows = pixel_weights(mean), textures(faces, mean)
    flipped, half = mirrored(rows), BASIS_FACES // 2
    texture = fit_subspace(np.concatenate([rows[:half], flipped[-half:]]) * weight, COMPONENTS)
    points, other = faces.landmarks.reshape(len(faces), -1), mirror_points(faces.landmarks).reshape(len(faces), -1)
    shape = fit_subspace(np.concatenate([points, other]), SHAPES)
    own = np.concatenate([scaled(texture, rows * weight), scaled(shape, points)], 1)
    mirror = np.concatenate([scaled(texture, flipped * weight), scaled(shape, other)], 1)
    parts = (
        texture.mean / weight,
        texture.basis * texture.deviation[:, None] / weight,
        shape.mean,
        shape.basis * shape.deviation[:, None],
    )
    return Appearance(*(torch.from_numpy(part) for part in parts)), own, mirror


def encode(appearance: Appearance, faces: Faces) -> Tensor:
    """Coefficients ``[n, d]`` of faces, in standard deviations."""
    mean = appearance.shape_mean.reshape(68, 2).numpy()
    weight = torch.from_numpy(pixel_weights(mean))
    texture = torch.from_numpy(textures(faces, mean)) - appearance.texture_mean
    shape = torch.from_numpy(faces.landmarks.reshape(len(faces), -1)) - appearance.shape_mean
    return torch.cat(
        [_project(texture * weight, appearance.texture_basis * weight), _project(shape, appearance.shape_basis)], 1
    )


def _project(rows: Tensor, basis: Tensor) -> Tensor:
    """Coefficients of rows in a basis whose directions are orthogonal, not of unit length."""
    return rows @ basis.T / basis.square().sum(1)


def fit(archive: Path, detail: Path, out: Path, seed: int = 0) -> None:
    """Fit everything else to a zip of faces, add the trained detail network, and write the model."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    everything = load_faces(archive)
    faces = everything.chosen(usable(everything))
    LOG.info("%d of %d faces are usable", len(faces), len(everything))
    appearance, own, mirror = fit_appearance(faces)
    people: NDArray[np.int64] = np.concatenate([faces.people, faces.people + faces.people.max() + 1])
    population = fit_population(np.concatenate([own, mirror]), people, COMPONENTS)
    flow = fit_flow(np.concatenate([own, mirror]), population)
    save(FaceModel(appearance, population, flow, read_network(detail)), out)
