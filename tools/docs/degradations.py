"""``python -m tools.docs.degradations``: synthetic faces at 512 px under the field's degradations, for the README."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

import fsrbench
from fsrbench.datasets import open_dataset
from fsrbench.pictures.decode import decode
from fsrbench.pictures.grid import GridColumn, draw_grid

DEGRADATIONS: Final = ("gfpgan", "codeformer-small", "daefr", "codeformer-large", "difface-test")
FACES: Final = ("id03/0", "id11/1")
SIDE: Final = 512
OUT: Final = Path(__file__).parents[2] / "results" / "degradations_512.png"


def write_faces(folder: Path) -> dict[str, np.ndarray]:
    """Faces of the built-in sample, enlarged to 512 px, by name."""
    folder.mkdir()
    samples = {sample.id: sample.hr for sample in open_dataset("sample")}
    made = {}
    for place, name in enumerate(FACES):
        hr = samples[name]
        assert hr is not None
        picture = decode(hr.read()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.save(folder / f"{place}.png")
        made[str(place)] = np.asarray(picture)
    return made


def main(out: Path = OUT) -> None:
    """Draw the HR faces and each LR with what it scores as it is."""
    with tempfile.TemporaryDirectory() as place:
        faces = write_faces(Path(place) / "faces")
        columns = [GridColumn("HR", list(faces.values()), ["512 px"] * len(faces))]
        for name in DEGRADATIONS:
            run = fsrbench.evaluate(
                ["bicubic"], data=Path(place) / "faces", task="512x1", degradation=name, metrics=["psnr", "identity"],
                out=Path(place) / name, save_images=True, device="cpu", offline=True, progress=False,
            )  # fmt: skip
            scores = run.scores[run.scores["method"] == "lr"].set_index(["image", "metric"])["value"]
            pictures = [np.asarray(Image.open(Path(place) / name / "images" / "lr" / f"{face}.png")) for face in faces]
            captions = [f"{scores[f, 'psnr']:.1f} dB, identity {scores[f, 'identity']:.2f}" for f in faces]
            columns.append(GridColumn(name, pictures, captions))
        draw_grid(columns, [""] * len(faces), out)


if __name__ == "__main__":
    main()
