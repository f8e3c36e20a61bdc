"""A photo of a crowd, composed of the built-in sample's synthetic faces at known places. It shows no real person."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image

from fsrbench.datasets.sample import sample
from fsrbench.photo.framing import Frame

BICUBIC = Image.Resampling.BICUBIC


@cache
def sample_face(number: int) -> Image.Image:
    """A face of the sample, 128 px."""
    hr = sample().samples[number].hr
    assert hr is not None
    return Image.open(io.BytesIO(hr.read())).convert("RGB")


def frame_at(x: float, y: float, side: float, turn: float = 0) -> Frame:
    """A frame turned clockwise by degrees."""
    return Frame(complex(x, y), side / 2 * complex(np.exp(1j * np.deg2rad(turn))))


def background(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Smooth colours, in which nobody finds a face."""
    noise = np.random.RandomState(seed).randint(70, 180, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize(size, BICUBIC)


def crowd(size: tuple[int, int], frames: Sequence[Frame]) -> Image.Image:
    """A photo with one face of the sample in each frame."""
    photo = background(size)
    for number, frame in enumerate(frames):
        side = round(frame.side)
        face = sample_face(3 * number).resize((side, side), Image.Resampling.LANCZOS).convert("RGBA")
        u = np.abs(np.linspace(-1, 1, side))
        fade = np.clip((1 - np.maximum(u[:, None], u)) / 0.15, 0, 1)  # as hair and shoulders would
        face.putalpha(Image.fromarray((fade * 255).astype(np.uint8)))
        turned = face.rotate(-float(np.rad2deg(np.angle(frame.half))), BICUBIC, expand=True)
        corner = frame.centre - complex(turned.width, turned.height) / 2
        photo.paste(turned, (round(corner.real), round(corner.imag)), turned)
    return photo
