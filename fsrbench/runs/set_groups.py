"""Read the numbers of a whole set by group, such as KID, which the run computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from fsrbench.errors import UserError, one_line
from fsrbench.runs.checks import check_frame
from fsrbench.runs.columns import SET_GROUP_COLUMNS
from fsrbench.runs.grouping import Grouping

FILE: Final = "set_groups.csv"
NUMBERS: Final = ("value", "ci_low", "ci_high", "images", "people")


def read_set_groups(folder: Path, groupings: Sequence[Grouping]) -> pd.DataFrame:
    """Those of a run for some groupings, with :data:`SET_GROUP_COLUMNS`; no rows if the run has none.

    Raises:
        UserError: the file is not what a run writes.
    """
    path = folder / FILE
    if not path.is_file():
        return pd.DataFrame(columns=list(SET_GROUP_COLUMNS))
    try:
        text = {name: str for name in SET_GROUP_COLUMNS if name not in (*NUMBERS, "comparable")}
        types = text | dict.fromkeys(NUMBERS, float) | {"comparable": bool}
        empty = {name: [""] for name in NUMBERS}
        frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=empty)
    except Exception as error:  # a parser error, an encoding error, a column of something else
        raise UserError(f"{path}: cannot be read as CSV: {one_line(error)}") from error
    check_frame(path, frame, list(text), NUMBERS)
    if "comparable" not in frame:
        raise UserError(f"{path}: no column comparable")
    names = {(grouping.column, name) for grouping in groupings for name in grouping.names}
    return frame[[pair in names for pair in zip(frame["column"], frame["group"], strict=True)]]


def reason_of(rows: pd.DataFrame) -> str:
    """Why a metric's groups are not tested, and which have no number."""
    few = rows.loc[rows["value"].isna(), "group"].astype(str)
    return "one number per set" + (f"; too few images: {', '.join(few)}" if len(few) else "")
