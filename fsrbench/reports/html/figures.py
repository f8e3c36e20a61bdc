"""The run's plots, each in the page's own text with a caption and words for those who cannot see it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final

from fsrbench.reports.data import RunData

CAPTIONS: Final = {
    "speed_quality": (
        "Quality against speed",
        "Each method's quality over its latency at batch 1, with 95 % intervals. Quick is left; which end of the other "
        "axis is better, its arrow says.",
    ),
    "metrics": (
        "All metrics",
        "One panel a metric: each method's value with its 95 % interval; the dashed line is the HR images themselves.",
    ),
    "distributions": (
        "Distributions over the images",
        "How the scores of single images spread around each method's mean.",
    ),
    "roc": (
        "Verification: ROC",
        "True accept rate over false accept rate of face verification with each method's pictures.",
    ),
    "detection": (
        "Detection",
        "Share of pictures in which the face is found, over the confidence asked for.",
    ),
    "throughput": ("Throughput", "Images a second over the batch size."),
}
"""By file name: title and caption. Other plots are shown under their file's name."""


@dataclass(frozen=True)
class PlotFigure:
    """One plot."""

    name: str
    title: str
    caption: str
    alt: str
    url: str
    """``data:`` with the SVG: as an image its ids stay its own, and nothing in it can run or be loaded."""
    width: int
    """CSS pixels that it wants; 0 where the file does not say."""


def read_figures(run: RunData) -> list[PlotFigure]:
    """Every SVG in the run's ``plots``, the known ones first and in their order."""
    files = {file.stem: file for file in sorted((run.path / "plots").glob("*.svg")) if file.is_file()}
    names = [*(name for name in CAPTIONS if name in files), *(name for name in files if name not in CAPTIONS)]
    figures = []
    for name in names:
        title, caption = CAPTIONS.get(name, (name.replace("_", " "), ""))
        svg = files[name].read_bytes()
        shown = ", ".join(run.rows)
        alt = f"Plot: {title}. {caption} Methods: {shown}. The numbers behind it are in the tables of this page."
        url = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
        figures.append(PlotFigure(name, title, caption, " ".join(alt.split()), url, _width(svg)))
    return figures


def _width(svg: bytes) -> int:
    """The width in CSS pixels of a file that gives it in points, as matplotlib does."""
    found = re.search(rb'<svg[^>]*\swidth="([\d.]+)pt"', svg[:4000])
    return round(float(found[1]) * 96 / 72) if found else 0
