"""Turn a finished training into a weight file of the package, and print its hash for fsrbench/weights/known.py.

python -m tools.ship TRAINING_FOLDER reference_model/weights/ours_x4.safetensors "L1 on 480,000 images, ..."
"""

from __future__ import annotations

import sys
from pathlib import Path

from safetensors.torch import load_file, save_file

from fsrbench.provenance.file_hashes import file_hash
from fsrbench.training.state import WEIGHTS


def export(folder: Path, destination: Path, training: str) -> None:
    """Write a training's averaged weights in half precision, with one line on how they were trained.

    Args:
        folder: of the training.
        destination: the .safetensors file to write.
        training: the line; methods show it in the manifest.
    """
    state = load_file(folder / WEIGHTS)
    # Batch norm's running statistics stay in float32: variances can leave half precision's range.
    halved = {k: v.half() if v.is_floating_point() and "running_" not in k else v for k, v in state.items()}
    save_file(halved, destination, metadata={"training": training})


def main(folder: str, destination: str, training: str) -> None:
    """Export and print."""
    export(Path(folder), Path(destination), training)
    print(f"{Path(destination).stem} {file_hash(Path(destination))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
