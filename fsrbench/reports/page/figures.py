"""The run's plots, each in the page's own text with a caption and words for those who cannot see it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fsrbench.runs.data import RunData

CAPTIONS: Final = {
    "speed_quality": (
        "Quality against speed",
        "Quality against latency at batch 1, with 95 % intervals. Fast is left; the other axis's arrow points to its "
        "better end. The grey steps are the Pareto front: no method has better values than those on it in both; where "
        "intervals overlap, chance may decide who is on it.",
    ),
    "metrics": (
        "All metrics",
        "One panel per metric: each method's value and its 95 % interval; dotted: the HR images, "
        "dashed: the input, where LR has HR's size.",
    ),
    "distributions": (
        "Distributions over the images",
        "Scores of single images. Circle: median; bar: from the first to the third quartile; small dots: images; "
        "shape: estimated density, from 10 images on.",
    ),
    "roc": (
        "Verification: ROC",
        "True against false accept rate of face verification with each method's pictures, in per cent.",
    ),
    "identification": (
        "Identification",
        "Per cent of the probes whose person stands in the gallery at a rank or before (cumulative match "
        "characteristic). LR is the control: enlarged, without any SR.",
    ),
    "identification_open": (
        "Open-set identification",
        "Per cent of the probes that are found, over that of other people's probes that are taken for somebody. LR is "
        "the control: enlarged, without any SR.",
    ),
    "detection": (
        "Detection",
        "Per cent of the pictures in which the face is found, over the detector's least confidence; the upright line "
        "is at 0.9, where the table's rate is taken.",
    ),
    "groups": (
        "By group",
        "One panel per metric and one row per group of the data's labels, its people in brackets: each method's mean "
        "and its 95 % interval over people; °: too few people to rank.",
    ),
    "throughput": ("Throughput", "Images per second over the batch size."),
    "slices": (
        "Where methods fail",
        "Slices of the images that a search of one half of the people found: mean in the slice minus mean elsewhere on "
        "the other half, with its 95 % interval over people. Open: chance may have made it.",
    ),
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


def read_figures(run: RunData, folder: Path | None = None) -> list[PlotFigure]:
    """Every SVG in ``folder``, the run's ``plots`` by default; the known ones first and in their order."""
    files = {file.stem: file for file in sorted((folder or run.path / "plots").glob("*.svg")) if file.is_file()}
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
