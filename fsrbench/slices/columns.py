"""The columns by which a search may split images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from fsrbench.errors import UserError
from fsrbench.files.labels import Labels
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section

ANGLES: Final = ("|yaw|", "yaw", "pitch", "|roll|")
UNITS: Final = {
    **dict.fromkeys(ANGLES, "°"),
    "lr_size": " px",
    "eye_distance": " px",
}
"""Written after a threshold."""
FEW_VALUES: Final = 2
"""Numbers with at most this many values, such as 0 and 1, are categories."""


@dataclass(frozen=True, eq=False)
class Column:
    """One property of the images."""

    name: str
    values: np.ndarray
    """float N with NaN for unknown, or, for categories, str N with ``""`` for unknown."""
    unit: str = ""

    @property
    def is_category(self) -> bool:
        """Whether the values are words."""
        return self.values.dtype.kind != "f"

    @property
    def known(self) -> np.ndarray:
        """Whether the value of each image is known: bool N."""
        found: np.ndarray = self.values != "" if self.is_category else ~np.isnan(self.values)
        return found


def columns_of(run: RunData, images: pd.Index, labels: Labels | None = None) -> tuple[list[Column], list[str]]:
    """The columns of some images, and why others cannot be searched.

    Args:
        run: provides ``properties.csv``, and the numbers that the degradation drew for each image.
        images: N ids.
        labels: further columns, the label of each image.

    Returns:
        Columns whose known values differ, then columns of whether a value is known; and a line on each column that is
        constant or not known.

    Raises:
        UserError: the run has no properties.
    """
    properties = run.properties.reindex(images)
    heads = {"|yaw|": properties["yaw"].abs(), "|roll|": properties["roll"].abs()}
    table = pd.concat([pd.DataFrame(heads), properties.drop(columns="roll"), _drawn(run, images)], axis=1)
    if labels:
        if twice := sorted(set(map(str, labels)) & set(map(str, table))):
            raise UserError(f"column {', '.join(twice)}: a property of the pictures has this name; give it another")
        table = table.join(pd.DataFrame(dict(labels)))
    found, left_out = [], []
    for name in table:
        column = Column(str(name), _values(table[name]), UNITS.get(str(name), ""))
        known = column.values[column.known]
        if len(np.unique(known)) > 1:
            found.append(column)
        else:
            left_out.append(f"{name} ({'the same everywhere' if len(known) else 'not known'})")
    return [*found, *_presence(found)], left_out


def _presence(columns: Sequence[Column]) -> Iterator[Column]:
    """Columns of whether a value is known, for those known for some images only.

    What a degradation did not draw, or a detector did not find, may matter more than the values of the others.
    """
    seen = set()
    for column in columns:
        key = column.known.tobytes()
        if not column.known.all() and key not in seen:
            seen.add(key)
            yield Column(f"{column.name} known", np.where(column.known, "yes", "no"))


def _drawn(run: RunData, images: pd.Index) -> pd.DataFrame:
    """The numbers that the degradation drew for each image, as ``drawn noise``."""
    degraded: Mapping[str, Any] = section(section(run.manifest, "dataset"), "degraded")
    rows = {image: drawn for image, drawn in degraded.items() if isinstance(drawn, Mapping)}
    names = sorted({name for drawn in rows.values() for name, value in drawn.items() if _is_number(value)})
    drawn = [rows.get(image, {}) for image in images]
    cells = {f"drawn {n}": [row[n] if _is_number(row.get(n)) else math.nan for row in drawn] for n in names}
    return pd.DataFrame(cells, index=images, dtype=np.float64)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _values(column: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(column.replace("", math.nan), errors="coerce").replace([math.inf, -math.inf], math.nan)
    words = pd.to_numeric(column, errors="coerce").isna() & column.notna() & (column != "")
    if not words.any() and numbers.nunique() > FEW_VALUES:
        return numbers.to_numpy(dtype=np.float64)
    texts = [f"{value:g}" if _is_number(value) else str(value) for value in column.where(column.notna(), "")]
    return np.array(texts, dtype=str)
