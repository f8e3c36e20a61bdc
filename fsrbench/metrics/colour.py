"""Colour drift: does a method make pictures lighter, darker, paler or of another hue?"""

from __future__ import annotations

from math import inf

import numpy as np

from fsrbench.metrics.base import Direction, FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces


def chroma(lab: np.ndarray) -> np.ndarray:
    """Chroma C*, the distance to grey: ...,3 of L*, a*, b* -> ..."""
    distance: np.ndarray = np.hypot(lab[..., 1], lab[..., 2])
    return distance


def typology_angle(lab: np.ndarray) -> np.ndarray:
    """``arctan((L* - 50) / b*)`` in degrees, ...,3 of L*, a*, b* -> ...; meaningless for nearly grey colours.

    The formula of the individual typology angle (ITA; Chardon, Cretois, Hourseau, Int. J. Cosmet. Sci. 13, 1991), which
    dermatology applies to skin under calibrated light. For a photograph it says nothing about anybody's skin.
    """
    angle: np.ndarray = np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2]))
    return angle


class ColourDrift(FeatureMetric):
    """How far the mean colour of SR is from HR's: CIE 1976 colour difference of the mean colours.

    ``sqrt(dL*^2 + da*^2 + db*^2)``, d the difference of the means over a picture's pixels in CIELAB (CIE 15; sRGB,
    white D65). About 1 is just noticeable for patches side by side. Not negative, lower is better. The details are
    signed, SR less HR, mean over the images: lightness ``delta_lightness`` (L*), chroma ``delta_chroma`` (C*) and
    ``delta_ita_degrees``, the drift of the angle ``arctan((L* - 50) / b*)`` of the mean colour. All cover the whole
    picture, background and light included: they describe what a method does to colours, not the people shown.

    Example:
        >>> hr = {"lab": np.array([[60.0, 10.0, 20.0]])}
        >>> faces = Faces(["a"], [None], {"lab": hr["lab"] + [-3, 0, 4]}, hr)
        >>> found = ColourDrift().evaluate(faces, seed=0)
        >>> found.values, round(found.details["delta_lightness"], 2)
        (array([5.]), -3.0)
    """

    name, title, digits, bounds = "colour_drift", "Colour drift", 2, (0, inf)
    direction: Direction = "lower"
    needs = frozenset({"hr"})
    extractor = "colour"
    protocol = (
        "colour difference (CIE 1976) of the mean colours of SR and HR over the whole picture, CIELAB of sRGB with "
        "white D65; details: SR less HR of L*, C* and the angle arctan((L* - 50) / b*) of the mean colours"
    )

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Colour difference of each picture; the details are the mean signed differences."""
        assert faces.hr is not None
        sr, hr = faces.features["lab"], faces.hr["lab"]
        turn = (typology_angle(sr) - typology_angle(hr) + 180) % 360 - 180
        details = {
            "delta_lightness": (sr - hr)[:, 0],
            "delta_chroma": chroma(sr) - chroma(hr),
            "delta_ita_degrees": turn,
        }
        values = np.linalg.norm(sr - hr, axis=1)
        return Evaluation(values, details={name: float(each.mean()) for name, each in details.items()})


class LightnessDrift(FeatureMetric):
    """How much lighter SR is than its HR: signed difference of the mean CIELAB lightness.

    ``L*(SR) - L*(HR)``, the means over a picture's pixels (CIE 15; sRGB, white D65), from -100 to 100; closer to 0
    is better, positive: the method lightens. One score per image, so that it can be shown by group: does a method
    lighten pictures of some people more than of others? It covers the whole picture, background and light included,
    and says nothing about anybody's skin.

    Example:
        >>> hr = {"lab": np.array([[60.0, 10.0, 20.0], [30.0, 10.0, 20.0]])}
        >>> sr = {"lab": hr["lab"] + [[0, 1, 0], [4, 0, 0]]}
        >>> LightnessDrift().evaluate(Faces(["a", "b"], [None] * 2, sr, hr), seed=0).values
        array([0., 4.])
    """

    name, title, digits, bounds = "lightness_drift", "Lightness drift", 2, (-100, 100)
    direction: Direction = "none"
    needs = frozenset({"hr"})
    extractor = "colour"
    protocol = "mean L* of SR less that of HR over the whole picture, CIELAB of sRGB with white D65; 0 is right"

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Lightness difference of each picture."""
        assert faces.hr is not None
        return Evaluation((faces.features["lab"] - faces.hr["lab"])[:, 0])
