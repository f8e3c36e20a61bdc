"""What is compared: the measures of pictures and the metrics that need no HR, inputs before outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Measure:
    """One measure of a picture."""

    name: str
    title: str
    unit: str = ""
    digits: int = 2
    by_factor: bool = False
    """Whether it is positive and changes by factors: regressions read its logarithm."""


LEVELS: Final = "of 255"
INPUTS: Final = (
    Measure("lr_size", "LR size", "px", 0),
    Measure("lr_brightness", "LR brightness", LEVELS, 1),
    Measure("lr_contrast", "LR contrast", LEVELS, 1, True),
    Measure("lr_sharpness", "LR sharpness", LEVELS, 1, True),
    Measure("lr_noise", "LR noise", LEVELS, 2, True),
    Measure("lr_colour_noise", "LR colour noise", LEVELS, 2, True),
    Measure("lr_overshoot", "LR overshoot", "", 2),
    Measure("lr_blocks", "LR blocks (JPEG)", "", 2),
)
OUTPUTS: Final = (
    Measure("sr_brightness", "SR brightness", LEVELS, 1),
    Measure("sr_contrast", "SR contrast", LEVELS, 1, True),
    Measure("sr_sharpness", "SR sharpness", LEVELS, 1, True),
    Measure("sr_noise", "SR noise", LEVELS, 2, True),
    Measure("sr_detail", "Detail added", LEVELS, 2, True),
    Measure("sr_gain", "LR detail reproduced", "", 3),
    Measure("sr_error", "Difference from LR", LEVELS, 2, True),
)
SCORES: Final = (
    Measure("niqe", "NIQE"),
    Measure("niqe_face", "NIQE (face)"),
    Measure("detection", "Detection", "", 3),
    Measure("detection_confidence", "Detector's confidence", "", 4),
    Measure("identity_lr", "Identity, to LR", "", 3),
    Measure("consistency", "Consistency", LEVELS, 2, True),
    Measure("grid_artefacts", "Grid artefacts", "", 2, True),
    Measure("musiq", "MUSIQ"),
    Measure("maniqa", "MANIQA", "", 3),
    Measure("clipiqa", "CLIP-IQA", "", 3),
    Measure("topiq_nr-face", "TOPIQ (face)", "", 3),
)
"""Metrics of a run that need no HR; they are outputs, too."""
SIDES: Final = ("lr", "sr")
"""Sides of face descriptors, in the order of the measures below."""
DISTANCES: Final = (
    Measure("lr_descriptor_distance", "LR descriptor's distance from the mean", "", 3),
    Measure("sr_descriptor_distance", "SR descriptor's distance from the mean", "", 3),
)
"""Distance of each picture's face descriptor from the mean over both samples."""
SETS: Final = (
    Measure("lr_descriptor_kid", "KID of LR descriptors", "", 6),
    Measure("sr_descriptor_kid", "KID of SR descriptors", "", 6),
)
"""Distance between the sets of descriptors of both samples."""
DESCRIPTOR_METRIC: Final = "identity_lr"
"""The metric that makes a run keep descriptors; they have its protocol."""
MEASURES: Final = {measure.name: measure for measure in (*INPUTS, *OUTPUTS, *SCORES, *DISTANCES, *SETS)}
INPUT_NAMES: Final = (*(measure.name for measure in INPUTS), DISTANCES[0].name, SETS[0].name)
SCORE_NAMES: Final = tuple(measure.name for measure in SCORES)
