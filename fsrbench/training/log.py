"""The log of a training: a CSV file, pictures, and TensorBoard's files if it is installed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from PIL import Image

from fsrbench.files.atomic import whole


class Log:
    """The log of one training; a resumed training appends to the same files."""

    def __init__(self, folder: Path, start: int) -> None:
        self.folder = folder
        self.path = folder / "log.csv"
        self._keep_until(start)
        self._board = _tensorboard(folder / "tensorboard", start)

    @staticmethod
    def images(folder: Path, step: int) -> int | None:
        """Images seen at a step, if a folder's log has it."""
        try:
            with (folder / "log.csv").open(newline="") as file:
                found = [int(row["images"]) for row in csv.DictReader(file) if int(row["step"]) == step]
        except (OSError, KeyError, ValueError, TypeError):
            return None
        return found[-1] if found else None

    def write(self, step: int, values: dict[str, float]) -> None:
        """Append a row; new columns are empty in earlier rows."""
        rows = [*self._rows(), {"step": step, **values}]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        self._write(rows, columns)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)
            self._board.flush()

    def picture(self, step: int, image: Image.Image) -> None:
        """Save a picture of the model's results."""
        folder = self.folder / "pictures"
        folder.mkdir(exist_ok=True)
        with whole(folder / f"{step:07d}.png") as part:
            image.save(part)

    def _rows(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def _keep_until(self, start: int) -> None:
        """Drop rows written after the last checkpoint by a killed training."""
        rows = [row for row in self._rows() if int(row["step"]) <= start]
        if rows:
            self._write(rows, list(rows[0]))
        else:
            self.path.unlink(missing_ok=True)

    def _write(self, rows: list[dict[str, Any]], columns: list[str]) -> None:
        with whole(self.path) as part, part.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)


def _tensorboard(folder: Path, start: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=start + 1)
