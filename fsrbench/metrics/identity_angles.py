"""Identity as an angle, as published scripts measure it: by a named network on whole pictures, in their units."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from fsrbench.metrics.base import Direction, FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.identity import cosine

Network = Literal["vqfr", "restoreformer"]
"""Names of the extractors."""
FED: Final = {
    "vqfr": "ArcFace resnet_face18 (the ONNX file resnet18_110) on the whole picture: OpenCV's grey, 128 px (bilinear "
    "without antialiasing), 8 bit, (x - 127.5) / 127.5; no alignment, no mirror image",
    "restoreformer": "ArcFace resnet18 (the ONNX file arcface_resnet18) on the whole picture: 0.2989 B + 0.5870 G + "
    "0.1140 R (weights of R, G, B on channels B, G, R), in [0, 1], not the [-1, 1] of its training, 128 px (bilinear "
    "without antialiasing); no alignment, no mirror image",
}
"""What each network sees."""


class IdentityAngle(FeatureMetric):
    """Angle between the descriptors of SR and HR: ``arccos(s.h / (|s| |h|))``, mean of the images; lower is better.

    Args:
        network: the extractor of the descriptors.
        unit: ``degrees`` or ``rad``.
        least: angles below this are left out of the mean, in the unit; 0 keeps all.

    Example:
        >>> sr, hr = np.array([[1.0, 0], [1, 1]]), np.array([[1.0, 0], [0, 1]])
        >>> faces = Faces(["a", "b"], [None] * 2, {"descriptor": sr}, {"descriptor": hr})
        >>> found = IdentityAngle("vqfr", "degrees", 1).evaluate(faces, seed=0)
        >>> found.values.round(1), found.details
        (array([nan, 45.]), {'left_out': 1.0})
    """

    name, title, digits, bounds = "identity_angle", "Identity angle", 2, (0, 180)
    direction: Direction = "lower"
    needs = frozenset({"hr"})

    def __init__(self, network: Network, unit: Literal["degrees", "rad"], least: float) -> None:
        self.extractor, self.unit, self.least = network, unit, least
        self.digits = 2 if unit == "degrees" else 4
        kept = f"angles under {least:g} {unit} left out and counted" if least else "no pair left out"
        self.protocol = f"arccos of the cosine of SR_i and HR_i in {unit}, {kept}, mean of the images; {FED[network]}"

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Angle of each image, NaN if left out; a detail counts those."""
        assert faces.hr is not None
        angles = np.arccos(cosine(faces.features["descriptor"], faces.hr["descriptor"]))
        if self.unit == "degrees":
            angles = np.degrees(angles)
        if not self.least:
            return Evaluation(angles)
        near = angles < self.least
        note = f"{near.sum()} of {len(near)} pairs under {self.least:g} {self.unit} left out, as the script does"
        left_out = {"left_out": float(near.sum())}
        return Evaluation(np.where(near, np.nan, angles), None, note if near.any() else "", left_out)
