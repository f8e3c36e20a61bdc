"""Landmarks for faces without annotations: dlib's and PFLD's, each from several boxes and mirrored, averaged.

    python -m tools.fan.teacher FACES.zip PFLD.onnx POINTS.npz

Faces are framed as in the training set (128 px, eyes at 47 % of the height). Where the two teachers are more than 8 %
of the outer-eye distance apart, the face is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import dlib
import numpy as np
import onnxruntime
from PIL import Image

from fsrbench import weights
from fsrbench.datasets.storage import ZipFiles
from fsrbench.metrics.landmarks import nme
from fsrbench.pictures.decode import SUFFIXES, decode
from reference_model.fan_data import MIRRORED

Predict = Callable[[np.ndarray], np.ndarray]
MAX_DISTANCE = 0.08
DLIB_BOXES = ((20, 30, 108, 118), (18, 30, 112, 124))
"""Left, top, right, bottom in pixels of 128; chosen on annotated faces (AFW)."""
PFLD_BOXES = ((8, 12, 112), (4, 10, 120))
"""Left, top, side."""


def dlib_teacher() -> list[Predict]:
    """dlib's 68-point predictor, one for each box."""
    predictor = dlib.shape_predictor(str(weights.find("dlib-landmarks")))

    def at(box: tuple[int, ...]) -> Predict:
        def predict(face: np.ndarray) -> np.ndarray:
            return np.array([[p.x, p.y] for p in predictor(face, dlib.rectangle(*box)).parts()], float)

        return predict

    return [at(box) for box in DLIB_BOXES]


def pfld_teacher(path: str) -> list[Predict]:
    """PFLD (Guo et al. 2019), one for each box; input 112 px in [0, 1]."""
    session = onnxruntime.InferenceSession(path)
    name = session.get_inputs()[0].name

    def at(left: int, top: int, side: int) -> Predict:
        def predict(face: np.ndarray) -> np.ndarray:
            crop = Image.fromarray(face).crop((left, top, left + side, top + side)).resize((112, 112), 2)
            (output,) = session.run(None, {name: np.asarray(crop, np.float32).transpose(2, 0, 1)[None] / 255})
            points: np.ndarray = output.reshape(68, 2) * side + np.array([left, top])
            return points

        return predict

    return [at(*box) for box in PFLD_BOXES]


def mean_of(predictors: list[Predict], face: np.ndarray) -> np.ndarray:
    """Mean points over boxes, of the face and of its mirror image."""
    found = []
    for predict in predictors:
        mirrored = predict(np.ascontiguousarray(face[:, ::-1]))
        mirrored[:, 0] = face.shape[1] - 1 - mirrored[:, 0]
        found += [predict(face), mirrored[MIRRORED]]
    mean: np.ndarray = np.mean(found, axis=0)
    return mean


def main(faces: str, pfld: str, out: str) -> None:
    """Label a zip of faces."""
    files, teachers = ZipFiles(Path(faces)), (dlib_teacher(), pfld_teacher(pfld))
    names, points = [], []
    for name in files.names():
        if Path(name).suffix.lower() not in SUFFIXES:
            continue
        face = np.asarray(decode(files.read(name)))
        first, second = (mean_of(teacher, face) for teacher in teachers)
        if nme(first[None], second[None])[0] <= MAX_DISTANCE:
            names.append(name)
            points.append((first + second) / 2)
    np.savez(out, names=np.array(names), points=np.array(points, np.float32))
    print(f"{len(names)} faces labelled")


if __name__ == "__main__":
    main(*sys.argv[1:])
