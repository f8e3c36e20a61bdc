"""TensorBoard: event files, a folder for the overview and one for each method."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from PIL import Image

from fsrbench.files.markdown import escape, markdown_table
from fsrbench.runs.pictures import folder_names
from fsrbench.trackers.base import Tracker
from fsrbench.trackers.record import Entry, Record

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER: Final = "TENSORBOARD_LOGGING_DIR"
KEY: Final = "fsrbench.json"
"""File beside the events with the hash of the run's content."""
MOST_ROWS: Final = 200
"""Rows of a table that is shown as text."""


class TensorBoard(Tracker):
    """Writes below ``TENSORBOARD_LOGGING_DIR``, else ``runs/tensorboard``."""

    name = package = "tensorboard"

    def check(self) -> None:
        """Import the writer of event files, and create the folder."""
        self.imported("tensorboard.summary.writer.event_file_writer")
        self._root().mkdir(parents=True, exist_ok=True)

    def _root(self) -> Path:
        return Path(os.environ.get(FOLDER) or "runs/tensorboard")

    def place(self) -> str:
        """The command that starts TensorBoard on the folder."""
        return f"tensorboard --logdir {self._root()}"

    def holds(self, record: Record) -> bool:
        """Whether the run's folder exists, which appears only when it is complete."""
        return (self._root() / record.group / KEY).is_file()

    def upload(self, record: Record) -> None:
        """Write everything to a temporary folder beside, then rename it."""
        root = self._root()
        root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".fsrbench-", dir=root))
        try:
            folders = folder_names(entry.name for entry in record.entries)
            for entry in record.entries:
                _write(made / folders[entry.name], entry, record.finished.timestamp())
            (made / "report.html").write_text(record.overview.files["report.html"], encoding="utf-8", errors="replace")
            (made / KEY).write_text(json.dumps({"run": record.key}), encoding="utf-8")
            made.chmod(0o755)
            made.rename(root / record.group)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _write(folder: Path, entry: Entry, time: float) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for name, value in entry.metrics.items():
            writer.add_scalar(name, value, 0, time)
        for name, picture in entry.pictures.items():
            with Image.open(picture) as image:
                writer.add_image(name, np.asarray(image.convert("RGB")), 0, time, dataformats="HWC")
        _write_texts(writer, entry, time)
        if entry.metrics:
            _write_parameters(writer, entry)


def _write_texts(writer: SummaryWriter, entry: Entry, time: float) -> None:
    texts = {name.removesuffix(".md"): text for name, text in entry.files.items() if name.endswith(".md")}
    texts |= {name: _as_markdown(table) for name, table in entry.tables.items()}
    parameters = [(escape(name), escape(value)) for name, value in entry.parameters.items()]
    texts["parameters"] = markdown_table(["parameter", "value"], parameters, "ll")
    for name, text in texts.items():
        writer.add_text(name, text, 0, time)


def _as_markdown(table: pd.DataFrame) -> str:
    rows = [
        [f"{value:.6g}" if isinstance(value, float) else escape(str(value)) for value in row]
        for row in table.head(MOST_ROWS).itertuples(index=False)
    ]
    align = "".join("r" if pd.api.types.is_numeric_dtype(table[column]) else "l" for column in table)
    more = f"\n\nand {len(table) - MOST_ROWS:,} more rows" if len(table) > MOST_ROWS else ""
    return markdown_table([escape(str(name)) for name in table], rows, align) + more


def _write_parameters(writer: SummaryWriter, entry: Entry) -> None:
    """Parameters and metrics side by side, for TensorBoard's page of hyper-parameters."""
    from torch.utils.tensorboard.summary import hparams

    for summary in hparams(dict(entry.parameters), dict(entry.metrics)):
        writer._get_file_writer().add_summary(summary)
