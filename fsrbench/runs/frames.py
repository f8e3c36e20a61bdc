"""The tables that a run writes, as data frames."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from fsrbench.files.labels import Labels
from fsrbench.runs.descriptors import Descriptors


@dataclass(frozen=True, eq=False)
class Frames:
    """A run's results as tables."""

    scores: pd.DataFrame
    """One row per method, image and metric."""
    summary: pd.DataFrame
    """One row per method and metric."""
    details: pd.DataFrame
    """Secondary numbers of a method and metric."""
    curves: pd.DataFrame
    """Points of the curves that plots draw."""
    blocks: pd.DataFrame
    """Pseudo-values of blocks of images, which metrics of the whole set have instead of per-image scores."""
    images: pd.DataFrame
    """The images and their identities."""
    labels: Labels = field(default_factory=dict)
    """By column of the data's ``groups.csv``: the label of each image that has one."""
    properties: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Properties of each LR picture and the head's pose; no columns if they were not measured."""
    set_groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Metrics of the whole set by group; no rows without labels or such a metric."""
    descriptors: Descriptors | None = None
    """Face descriptors of the pictures that the run keeps, if a metric computes them."""
