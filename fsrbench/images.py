"""Pictures in: any file a user has, as the RGB picture they see when they open it. Tensors and saved PNGs out."""

from __future__ import annotations

import io
import warnings

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from fsrbench.errors import FsrbenchError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".gif"})
MAX_PIXELS = 64_000_000
"""A picture that declares more is refused before any of it is decoded."""


class BadImage(FsrbenchError):
    """A file that cannot be used as a picture."""


def decode(data: bytes) -> Image.Image:
    """Decode a file to 8-bit RGB.

    EXIF rotation is applied, the first frame of an animation taken, transparency laid on white, 16-bit grey reduced to
    8 bits and CMYK, palette and grey pictures converted.

    Raises:
        BadImage: empty, truncated, huge or no picture at all.
    """
    if not data:
        raise BadImage("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is checked and reported here
            image = Image.open(io.BytesIO(data))
            if image.width * image.height > MAX_PIXELS:
                raise BadImage(f"{image.width} x {image.height} pixels, more than {MAX_PIXELS // 10**6} million")
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise BadImage("not a picture in a known format") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, EOFError) as error:
        raise BadImage(
            f"cannot be decoded: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        if image.mode != "F":
            values = values / 257.0  # 16-bit grey
        return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def centre_square(image: Image.Image) -> Image.Image:
    """The central square of a picture; a square one comes back as it is."""
    side = min(image.size)
    if image.size == (side, side):
        return image
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def to_tensor(pictures: np.ndarray) -> Tensor:
    """uint8 N,H,W,3 -> float N,3,H,W in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div_(255)


def to_uint8(images: Tensor) -> np.ndarray:
    """Float N,3,H,W in [0, 1] -> uint8 N,H,W,3, rounded as a saved PNG is."""
    rounded = images.detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(rounded.permute(0, 2, 3, 1).cpu().numpy())
