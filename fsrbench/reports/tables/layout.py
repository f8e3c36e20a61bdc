"""A table's layout (what it shows, under which names), from flags or a YAML file, checked before any work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from fsrbench.errors import requirement
from fsrbench.files.text import Yaml, read_marked_yaml
from fsrbench.runs.names import HR, LR

Notes = Literal["full", "short", "none"]
NOTES: Final[tuple[Notes, ...]] = get_args(Notes)


class MetricColumn(BaseModel):
    """A metric that the table shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str | None = None
    """Instead of the metric's own; unit and arrow still follow it."""
    digits: int | None = Field(default=None, ge=0, le=9)
    """Decimals, instead of the metric's own."""
    group: str = ""
    """Heading that it shares with its neighbours of the same group."""


class Layout(BaseModel):
    """Columns, rows, their names, and the text around the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    """First sentence of the caption."""
    caption: str = ""
    """Replaces the line on dataset, task and degradation; the legend of the marks still follows it."""
    metrics: tuple[MetricColumn, ...] | None = None
    """Columns in order; by default all metrics of the runs."""
    methods: dict[str, str] | None = None
    """Rows in order, with the names to show; by default all methods of the runs."""
    runs: dict[str, str] = Field(default_factory=dict)
    """Headings of runs, by the folder's name or by NAME of NAME=RUN."""
    floor: bool = True
    """Whether the row of the LR images is shown, if the run has one."""
    ceiling: bool = True
    """Whether the row of the HR images is shown."""
    intervals: bool = False
    """Whether each value's 95 % interval follows it."""
    notes: Notes = "full"
    """Below the table and its caption: everything, only the footnotes, or nothing."""
    width: float | None = Field(default=None, ge=120)
    """In LaTeX: maximum width in points; a wider table continues in a second block below."""

    @field_validator("metrics", mode="before")
    @classmethod
    def _metrics(cls, given: object) -> list[dict[str, object]] | None:
        return None if given is None else metric_columns(given)

    @field_validator("methods", mode="before")
    @classmethod
    def _methods(cls, given: object) -> dict[object, object] | None:
        if given is None or isinstance(given, Mapping):
            return None if given is None else {name: title or name for name, title in given.items()}
        if not isinstance(given, list) or not given:
            raise ValueError("write a list of names, or 'name: title'")
        pairs = [item if isinstance(item, Mapping) else {item: item} for item in given]
        return {name: title for pair in pairs for name, title in pair.items()}

    @field_validator("methods", mode="after")
    @classmethod
    def _distinct_names(cls, methods: dict[str, str] | None) -> dict[str, str] | None:
        if twice := _twice((methods or {}).values()):
            raise ValueError(f"two rows would be called {twice}")
        for bound, images in ((LR, "LR"), (HR, "HR")):
            if bound in (title for name, title in (methods or {}).items() if name != bound):
                raise ValueError(f"{bound} is the row of the {images} images; choose another name for the method")
        return methods

    @property
    def bounds(self) -> list[str]:
        """The rows of :data:`fsrbench.runs.names.BOUNDS` to show, if the run has them."""
        return [row for row, shown in ((LR, self.floor), (HR, self.ceiling)) if shown]

    def changed(
        self,
        columns: Sequence[str] | None = None,
        rows: Sequence[str] | None = None,
        intervals: bool = False,
        notes: Notes | None = None,
    ) -> Layout:
        """The layout changed by flags; metrics and methods that stay keep their names and digits.

        Args:
            columns, rows: metrics and methods to show, in this order.
            intervals: show them even if the layout does not.
            notes: see :attr:`notes`.
        """
        known = {metric.name: metric for metric in self.metrics or ()}
        update: dict[str, object] = {"intervals": self.intervals or intervals, "notes": notes or self.notes}
        if columns is not None:
            update["metrics"] = tuple(known.get(n, MetricColumn(name=n)) for n in dict.fromkeys(columns))
        if rows is not None:
            update["methods"] = {name: (self.methods or {}).get(name, name) for name in rows}
        return self.model_copy(update=update)


def metric_columns(given: object) -> list[dict[str, object]]:
    """A YAML file's metrics as fields of :class:`MetricColumn`: a list of them, or ``heading: list``.

    An item is a name, ``name: title``, or ``name: {title: ..., digits: ...}``.

    Raises:
        ValueError: it has another form, or names a metric twice.
    """
    groups = given if isinstance(given, Mapping) else {"": given}
    metrics = []
    for group, items in groups.items():
        if not isinstance(items, list) or not items:
            raise ValueError(f"write a list of metrics{f' under {group!r}' if group else ', or heading: list'}")
        metrics += [{**_metric(item), "group": str(group)} for item in items]
    if twice := _twice(str(metric["name"]) for metric in metrics):
        raise ValueError(f"{twice} twice")
    return metrics


def _metric(item: object) -> dict[str, object]:
    if isinstance(item, str):
        return {"name": item}
    if isinstance(item, Mapping) and len(item) == 1:
        name, value = next(iter(item.items()))
        if value is None or isinstance(value, str):
            return {"name": name, "title": value}
        if isinstance(value, Mapping):
            if unknown := [key for key in value if key not in ("title", "digits")]:
                raise ValueError(f"{name}: unknown key {unknown[0]!r}; {hint(str(unknown[0]), ('title', 'digits'))}")
            return {**value, "name": name}
    raise ValueError(f"{item!r} is neither a name, 'name: title' nor 'name: {{title: ..., digits: ...}}'")


def read_layout(path: Path) -> Layout:
    """The layout of a YAML file.

    Raises:
        UserError: it cannot be read, or something in it is not allowed; the message names line and key.
    """
    return layout_in(read_marked_yaml(path))


def layout_in(file: Yaml, *keys: object) -> Layout:
    """The layout under these keys of a YAML file.

    Raises:
        UserError: something in it is not allowed; the message names line and key.
    """
    values = file.value
    for key in keys:
        values = values[key]
    if not isinstance(values, dict):
        raise file.error(f"expected 'key: value'; keys: {', '.join(Layout.model_fields)}", *keys)
    try:
        return Layout.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise file.error(_message(first, values), *keys, first["loc"][0]) from None


def hint(name: str, known: Sequence[str]) -> str:
    """``did you mean psnr?``, or all known names."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _message(error: Any, values: Mapping[Any, Any]) -> str:
    """One line on what is wrong, led by where: ``metrics: niqe: digits: must be ...``."""
    where = [str(part) for part in error["loc"] if part != "[key]"]
    if error["type"] == "extra_forbidden":
        return f"unknown key {where[-1]!r}; {hint(where[-1], list(Layout.model_fields))}"
    if len(where) > 1 and where[0] == "metrics":
        where[1] = str(metric_columns(values["metrics"])[error["loc"][1]]["name"])
    return ": ".join([*where, requirement(error)])


def _twice(names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
