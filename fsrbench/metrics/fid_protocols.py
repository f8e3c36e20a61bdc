"""FID as published scripts compute it: their resizing, their reference, any number of images."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal, Self

import numpy as np

from fsrbench.errors import Unavailable
from fsrbench.metrics.distribution import Fid
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.reference_statistics import Statistics

Resize = Literal["tensorflow", "pytorch-fid"]
DIMENSIONS: Final = 2048
EXTRACTORS: Final = {"tensorflow": "inception", "pytorch-fid": "inception-resized"}
"""The extractor of each way to resize."""
DESCRIPTIONS: Final = {
    "tensorflow": "Inception v3 of 2015 (torch-fidelity), 2048 activations, pictures brought to 299 px as TensorFlow 1 "
    "does (bilinear, larger ones not antialiased)",
    "pytorch-fid": "Inception v3 of 2015, 2048 activations, pictures resized to 299 px by torch's bilinear without "
    "antialiasing, in [-1, 1], as pytorch-fid",
}


class ScriptFid(Fid):
    """:class:`Fid` against what ``--reference`` names, on any number of images, as scripts compute it.

    With no more images than the 2048 dimensions the covariance is singular and FID too high. Scripts report it anyway,
    so it is given, with a note and without an interval.

    Args:
        resize: how pictures are resized to 299 px.
        reference: what SR is compared with, in words, for the message that asks for ``--reference``.
        first: how many images are used, in the order of their ids; all by default.
    """

    least = 2

    def __init__(self, resize: Resize, reference: str, first: int | None = None) -> None:
        self.resize, self.wanted, self.first = resize, reference, first
        self.extractor = EXTRACTORS[resize]
        super().__init__()

    def configured(self, facts: Facts) -> Self:
        """With the run's reference.

        Raises:
            Unavailable: the run names none.
            Invalid: as :meth:`Fid.configured`.
        """
        if not (facts.reference or facts.statistics):
            raise Unavailable(f"needs its reference: {self.wanted}; name it with --reference")
        return super().configured(facts)

    def check(self, facts: Facts) -> None:
        """Check the reference first, then the network's weights."""
        self.configured(facts)
        super().check(facts)

    def _protocol(self, reference: int, alignment: str, statistics: Statistics | None = None, side: int = 0) -> str:
        against = str(statistics or (f"{reference} images of the reference set" if reference else self.wanted))
        first = f"the first {self.first} SR images by id" if self.first else "all SR images"
        return f"{self.formula}; {DESCRIPTIONS[self.resize]}; {first} against {against}, however few they are"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """One number for the set."""
        if self.first is not None and len(faces.ids) > self.first:
            faces = _first(faces, self.first)
        found = super().evaluate(faces, seed)
        if len(faces.ids) > DIMENSIONS:
            return found
        note = f"{len(faces.ids)} images, too few for {DIMENSIONS} dimensions: biased upwards, and without an interval"
        return replace(found, note="; ".join(filter(None, (found.note, note))))

    def _blocks(self, faces: Faces, value: float, block: np.ndarray) -> np.ndarray | None:
        """``None`` if the covariance is singular."""
        return super()._blocks(faces, value, block) if len(faces.ids) > DIMENSIONS else None


class PairedFid(ScriptFid):
    """:class:`ScriptFid` between the SR images and their own HR, whatever ``--reference`` names."""

    needs = frozenset({"hr"})
    uses_reference = False

    def __init__(self, resize: Resize) -> None:
        super().__init__(resize, "their own HR images")

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def configured(self, facts: Facts) -> Self:
        """Itself: nothing depends on the run."""
        return self

    def _reference(self, faces: Faces) -> np.ndarray:
        assert faces.hr is not None
        return faces.hr[self.feature]


def _first(faces: Faces, count: int) -> Faces:
    """The faces of the first images in the order of their ids."""
    return faces.some(np.array(sorted(range(len(faces.ids)), key=lambda row: faces.ids[row])[:count]))
