"""Turn a finished training into a weight file of a package, and declare its sha256 in weights.yaml beside it.

python -m tools.ship FOLDER reference_model/weights/ours_x4.safetensors "L1 on 480,000 images, ..." [OTHER_FOLDER SHARE]

With the folder of another training and a share from 0 to 1, that share of the weights is the other's: between a network
with a discriminator and the one it started from, noise is lower at little loss of detail (network interpolation: Wang
et al., ESRGAN, ECCV Workshops 2018, section 3.4).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import yaml
from safetensors.torch import load_file, save_file

from fsrbench.files.atomic import whole
from fsrbench.provenance.file_hashes import file_hash
from fsrbench.training.state import WEIGHTS


def main(folder: str, destination: str, training: str, other: str = "", share: str = "0") -> None:
    """Export and declare."""
    export(Path(folder), Path(destination), training, Path(other) if other else None, float(share))
    declare(Path(destination))


def export(folder: Path, destination: Path, training: str, other: Path | None = None, share: float = 0.0) -> None:
    """Write a training's averaged weights in half precision, with one line on how they were trained inside.

    Args:
        folder: what ``fsrbench train`` wrote.
        destination: the .safetensors file to write.
        training: the line; methods show it in the manifest.
        other: folder of another training of the same network.
        share: of the other's weights, from 0 to 1.
    """
    state = load_file(folder / WEIGHTS)
    for name, value in load_file(other / WEIGHTS).items() if other else ():
        if value.is_floating_point():  # Batch norm counts its batches in whole numbers
            state[name] = torch.lerp(state[name], value, share)
    # Batch norm's running statistics stay in float32: variances can leave half precision's range.
    halved = {k: v.half() if v.is_floating_point() and "running_" not in k else v for k, v in state.items()}
    save_file(halved, destination, metadata={"training": training})


def declare(file: Path) -> None:
    """Write the sha256 of a weight file into weights.yaml in its folder; comments at its top stay."""
    path = file.with_name("weights.yaml")
    text = path.read_text(encoding="utf-8") if path.exists() else "licence: Apache-2.0, for research\nfiles: {}\n"
    declared = yaml.safe_load(text)
    declared["files"] = dict(sorted({**declared["files"], file.name: file_hash(file)}.items()))
    comments = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    with whole(path) as part:
        part.write_text(comments + yaml.safe_dump(declared, sort_keys=False, width=200), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
