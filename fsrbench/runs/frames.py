"""The tables that a run writes, as data frames."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from fsrbench.files.labels import Labels
from fsrbench.runs.descriptors import Descriptors


@dataclass(frozen=True, eq=False)
class Frames:
    """What a run found out, as tables."""

    scores: pd.DataFrame
    """One number of one method on one image for one metric."""
    summary: pd.DataFrame
    """One number of one method for one metric."""
    details: pd.DataFrame
    """Further numbers of one method for one metric."""
    curves: pd.DataFrame
    """Points of the lines that plots draw."""
    blocks: pd.DataFrame
    """What numbers of a whole set have instead of scores of images: pseudo-values of blocks of the images."""
    images: pd.DataFrame
    """The images and who is on them."""
    labels: Labels = field(default_factory=dict)
    """By column of the data's ``groups.csv``: the label of each image that has one."""
    properties: pd.DataFrame = field(default_factory=pd.DataFrame)
    """What each LR picture is like and how the head on it is turned; no columns where nobody measured it."""
    set_groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Numbers of the whole set by group; no rows where there are no labels or no such metric."""
    descriptors: Descriptors | None = None
    """Face descriptors of the pictures that the run keeps, where a metric says so."""
