"""Fit the pristine models of ``niqe_face``: mean and covariance of NIQE's features over the blocks of real faces.

    python -m tools.niqe_face FACES.zip OUT.safetensors

FACES are aligned faces of 128 px or more, none of them in a test set. Each is reduced as a run reduces its HR pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.metrics.niqe_face import SIDES, face_features
from fsrbench.metrics.niqe_features import without_flat
from fsrbench.pictures.decode import centre_square, decode, to_tensor

BATCH = 64


def main(source: str, out: str) -> None:
    """Fit one model for each size and write them to one file."""
    torch.set_num_threads(1)
    faces = open_dataset(source)
    tensors: dict[str, Tensor] = {}
    metadata = {"faces": str(len(faces)), "made_by": "python -m tools.niqe_face", "data": Path(source).name}
    for side in SIDES:
        blocks = without_flat(torch.cat([face_features(batch) for batch in pictures(faces, side)]).flatten(0, 1))
        tensors[f"mean_{side}"], tensors[f"covariance_{side}"] = blocks.mean(0), blocks.T.cov()
        metadata[f"blocks_{side}"] = str(len(blocks))
        print(f"{side} px: {len(blocks)} blocks of {len(faces)} faces")
    save_file(tensors, out, metadata=metadata)


def pictures(faces: Dataset, side: int) -> Iterator[Tensor]:
    """The faces at one size, in batches."""
    read = [sample.hr.read for sample in faces if sample.hr]
    for start in range(0, len(read), BATCH):
        yield to_tensor(np.stack([_reduced(get(), side) for get in read[start : start + BATCH]]))


def _reduced(data: bytes, side: int) -> np.ndarray:
    face = centre_square(decode(data))
    return np.asarray(face if face.width == side else face.resize((side, side), Image.Resampling.LANCZOS))


if __name__ == "__main__":
    main(*sys.argv[1:])
