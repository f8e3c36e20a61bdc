"""Learning curves of trainings, from their ``log.csv``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fsrbench.errors import UserError, one_line
from fsrbench.reports.plots.looks import looks_of
from fsrbench.reports.plots.style import labels, legend_below, method_key, panels

COLUMNS = 3
MARKED: Final = 30
"""A line with up to this many points has a marker at each; a longer one has a few."""
LOG, SETTINGS = "log.csv", "training.json"
_AXIS = ("step", "images")
_DASHES: Final[tuple[Literal["-", "--", ":", "-."], ...]] = ("-", "--", ":", "-.")
"""Of the columns that share a panel: ``psnr_realworld`` and ``psnr_bicubic``."""


def is_training(path: Path) -> bool:
    """Whether a folder is what ``fsrbench train`` writes."""
    return (path / SETTINGS).is_file()


def draw_training(folders: Sequence[Path]) -> Figure | None:
    """One panel per logged quantity, one line per training; ``None`` if nothing was logged.

    Raises:
        UserError: a log is missing or is not one.
    """
    logs = {_name(folder, folders): _read(folder) for folder in folders}
    columns = list(dict.fromkeys(c for log in logs.values() for c in log.columns if c not in _AXIS))
    groups: dict[str, list[str]] = {}
    for column in columns:
        groups.setdefault("PSNR (dB)" if column.startswith("psnr") else column, []).append(column)
    if not groups:
        return None
    figure, axes = panels(len(groups), COLUMNS, 2.9, 2.2)
    looks = looks_of(logs)
    x = "images" if all("images" in log for log in logs.values()) else "step"
    for axis, (title, members) in zip(axes, groups.items(), strict=True):
        for name, log in logs.items():
            for dash, column in zip(_DASHES, members, strict=False):
                if column in log:
                    drawn = log[[x, column]].dropna()
                    look, every = looks[name], 1 if len(drawn) <= MARKED else (0.1, 0.3)
                    line = axis.plot(drawn[x], drawn[column], dash, color=look.colour, linewidth=1.3)[0]
                    line.set(marker=look.marker, markevery=every, markersize=4)
        _dress(axis, title, members, x)
    if len(logs) > 1:
        names = labels(logs)
        legend_below(figure, [method_key(names[name], looks[name], dashed=False) for name in logs], most=4)
    return figure


def _dress(axis: Axes, title: str, members: Sequence[str], x: str) -> None:
    axis.set_title(title.replace("_", " "))
    axis.set_xlabel("images seen" if x == "images" else "updates")
    axis.set_xlim(left=0)  # around a lone point, ticks would be so close that their labels overlap
    axis.xaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k" if value else "0")
    if len(members) > 1:
        keys = [
            Line2D([], [], color="black", linestyle=dash, linewidth=1, label=column.partition("_")[2] or column)
            for dash, column in zip(_DASHES, members, strict=False)
        ]
        axis.legend(handles=keys, frameon=False, loc="best")


def _read(folder: Path) -> pd.DataFrame:
    path = folder / LOG
    try:
        log = pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{folder}: nothing was logged yet, no {LOG}") from None
    except Exception as error:  # pandas has many kinds of "this is no CSV"
        raise UserError(f"{path}: cannot be read as CSV: {one_line(error)}") from error
    if "step" not in log:
        raise UserError(f"{path}: no column step")
    return log


def _name(folder: Path, folders: Sequence[Path]) -> str:
    """The folder's path; if only one is drawn, its model."""
    if len(folders) > 1:
        return str(folder)
    try:
        return str(json.loads((folder / SETTINGS).read_text(encoding="utf-8")).get("model", folder.name))
    except (OSError, ValueError):
        return folder.name
