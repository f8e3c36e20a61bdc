"""Turn a finished training into a weight file of the package, and print its hash for fsrbench/weights/known.py.

python -m tools.ship TRAINING_FOLDER reference_model/weights/ours_x4.safetensors "L1 on 480,000 images, ..."
"""

from __future__ import annotations

import sys
from pathlib import Path

from fsrbench.provenance.file_hashes import file_hash
from fsrbench.training.loop import export


def main(folder: str, destination: str, training: str) -> None:
    """Export and print."""
    export(Path(folder), Path(destination), training)
    print(f"{Path(destination).stem} {file_hash(Path(destination))}")


if __name__ == "__main__":
    main(*sys.argv[1:])
