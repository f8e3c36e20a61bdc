"""The run's plots, embedded in the page with a caption and an alternative text."""

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
        "Quality against latency at batch 1, with 95 % intervals. Faster is left; the arrow on the other axis points "
        "to better. The grey steps are the Pareto front: no method has better values in both than one on it; where "
        "intervals overlap, who is on it may be chance.",
    ),
    "metrics": (
        "All metrics",
        "One panel per metric: each method's value and its 95 % interval; dotted: the HR images, "
        "dashed: the input, if LR has HR's size.",
    ),
    "distributions": (
        "Distributions over the images",
        "Per-image scores. Circle: median; bar: first to third quartile; small dots: images; shape: estimated density "
        "(10 images or more).",
    ),
    "roc": (
        "Verification: ROC",
        "True accept rate against false accept rate of face verification with each method's pictures, in per cent.",
    ),
    "identification": (
        "Identification",
        "Per cent of the probes whose person is among the first matches in the gallery, up to each rank (cumulative "
        "match characteristic). LR is the control: enlarged, without any SR.",
    ),
    "identification_open": (
        "Open-set identification",
        "Per cent of the enrolled people's probes that are identified, against the per cent of other people's probes "
        "that falsely match somebody. LR is the control: enlarged, without any SR.",
    ),
    "detection": (
        "Detection",
        "Per cent of the pictures in which the face is found, against the detector's confidence threshold; the "
        "vertical line is at 0.9, the threshold in the table.",
    ),
    "groups": (
        "By group",
        "One panel per metric and one row per group of the data's labels (in brackets: people): each method's mean "
        "and its 95 % interval over people; °: too few people to rank.",
    ),
    "throughput": ("Throughput", "Images per second against the batch size."),
    "slices": (
        "Where methods fail",
        "Slices of the images found by a search on one half of the people: mean in the slice minus mean elsewhere, "
        "measured on the other half, with its 95 % interval over people. Open: may be chance.",
    ),
}
"""Title and caption by file name; other plots are titled by their file name."""


@dataclass(frozen=True)
class PlotFigure:
    """One plot."""

    name: str
    title: str
    caption: str
    alt: str
    url: str
    """The SVG as a ``data:`` URL: as an image, its ids cannot clash, and it can run and load nothing."""
    width: int
    """In CSS pixels; 0 if the file does not say."""


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
