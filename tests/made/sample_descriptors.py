"""dlib's descriptors of the sample's faces, kept in a file: its network takes 0.07 s a face, a run on all of them long.

``cd tests && python -m made.sample_descriptors`` writes the file again, once the sample or the LR recipe has changed;
until then what it lacks is computed.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import dlib
import numpy as np
import pandas as pd

from fsrbench import weights
from fsrbench.engine.prepare import prepare
from fsrbench.engine.run import execute
from fsrbench.machine.console import Reporter
from fsrbench.metrics.extractors.dlib_faces import DlibDescriptor, landmark_predictor
from fsrbench.spec import RunSpec

FILE = Path(__file__).with_suffix(".npz")
PEOPLE = 32
"""Half of the sample's people, three images each."""


def verify_sample(out: Path) -> pd.Series:
    """The accuracy of verification on the sample by method: HR and bicubic enlargement."""
    spec = RunSpec(methods={"bicubic": "bicubic"}, metrics=("verification_labelled",), out=out, limit=3 * PEOPLE)
    summary = execute(prepare(spec, Reporter()), Reporter()).frames.summary
    return summary.query("metric == 'verification_labelled'").set_index("method")["value"]


class Describer:
    """dlib's descriptor network in front of what it was asked before; the pictures are dlib's aligned faces.

    Args:
        known: descriptors by the hashes of pictures.
    """

    def __init__(self, known: dict[int, np.ndarray]) -> None:
        self.known = known
        self.pictures: list[np.ndarray] = []
        """Those whose descriptor was known."""
        self.computed = 0

    @cached_property
    def network(self) -> Any:
        return dlib.face_recognition_model_v1(str(weights.find("dlib-descriptor")))

    def compute_face_descriptor(self, picture: np.ndarray) -> np.ndarray:
        """As dlib's."""
        place = int.from_bytes(hashlib.sha256(picture.tobytes()).digest()[:8])
        if place in self.known:
            self.pictures.append(picture)
        else:
            self.known[place] = np.array(self.network.compute_face_descriptor(picture))
            self.computed += 1
        return self.known[place]


@contextmanager
def kept_descriptors(known: dict[int, np.ndarray] | None = None) -> Iterator[Describer]:
    """Inside, dlib's extractor asks its network only about faces that are not known; it finds landmarks as ever."""
    if known is None:
        with np.load(FILE) as file:
            known = dict(zip(file["hashes"].tolist(), file["descriptors"], strict=True))
    describer = Describer(known)
    models: Any = property(lambda _: (landmark_predictor(), describer))
    with mock.patch.object(DlibDescriptor, "_models", models):
        yield describer


def main() -> None:
    """Write the file."""
    with tempfile.TemporaryDirectory() as folder, kept_descriptors({}) as describer:
        verify_sample(Path(folder) / "run")
    hashes = np.array(list(describer.known), np.uint64)
    np.savez_compressed(FILE, hashes=hashes, descriptors=np.array(list(describer.known.values()), np.float32))
    sys.stdout.write(f"{FILE}: {len(hashes)} descriptors\n")


if __name__ == "__main__":
    main()
