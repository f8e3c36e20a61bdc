"""The file of images' properties in a run's folder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fsrbench.errors import UserError, one_line
from fsrbench.runs.checks import check_frame, check_unique
from fsrbench.runs.columns import PROPERTY_COLUMNS


def read_properties(path: Path) -> pd.DataFrame:
    """The properties of each image: :data:`PROPERTY_COLUMNS`, the first of which is the index.

    Raises:
        UserError: there is no such file, or it is not what a run writes.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing, as in runs of earlier versions; run it again, which reuses its pictures")
    numbers = PROPERTY_COLUMNS[1:]
    try:
        types: dict[str, type] = {"image": str} | dict.fromkeys(numbers, float)
        frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values={name: [""] for name in numbers})
    except Exception as error:  # a parser error, an encoding error, an empty file
        raise UserError(f"{path}: cannot be read as CSV: {one_line(error)}") from error
    check_frame(path, frame, ("image",), numbers)
    check_unique(path, frame, ("image",))
    return frame.set_index("image")[list(numbers)]
