"""NME of face alignment networks on annotated faces: as they are, degraded and super-resolved.

    python -m tools.fan.measure LANDMARKS68.zip [PREFIX] [METHOD ...]

Points are compared at the annotated pictures' scale; NME is the mean distance over the distance of the outer eye
corners. Detectors: ours at 64 px (and given 128 px faces, which it reduces itself), dlib at 128 px in a fixed box.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import bootstrap

from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import DEGRADATIONS
from fsrbench.methods.names import find_method
from fsrbench.metrics.landmarks import nme
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import TASKS
from reference_model.fan import FAN, load_fan, points_of, probabilities
from reference_model.fan_data import Annotated, load_annotated, reduced
from reference_model.training import Config
from tools.fan.teacher import dlib_teacher

FAILURE = 0.1


def main(source: str, prefix: str = "helen_test", *methods: str) -> None:
    """Print a table."""
    data = load_annotated(Path(source))
    data = data.where(np.array([name.startswith(prefix) for name in data.names]))
    fan = load_fan(Path(Config().fan))
    hr = reduced(data)
    lr, task = _degraded(hr), TASKS["x4"]
    print(f"{len(data)} faces {prefix}; NME %, 95 % interval, failures above 10 %")
    with torch.inference_mode():
        _row("fan, 64 px", _found(fan, hr), data)
        _row("fan, 128 px", _found(fan, to_tensor(data.faces)), data)
        _row("dlib, 128 px", _dlib(data), data)
        for name in methods:
            method = find_method(name)()
            method.load(task, torch.device("cpu"))
            sr = torch.cat([method.upscale(part) for part in lr.split(16)])
            _row(f"fan, {name} from realworld LR", _found(fan, to_tensor(to_uint8(sr))), data)


def _degraded(hr: torch.Tensor) -> torch.Tensor:
    degrade = DEGRADATIONS["realworld"]
    faces = [Image.fromarray(face) for face in to_uint8(hr)]
    return to_tensor(np.stack([np.asarray(degrade(f, 16, rng_for(f"{i}"))[0]) for i, f in enumerate(faces)]))


def _found(fan: FAN, faces: torch.Tensor) -> np.ndarray:
    return np.concatenate([points_of(probabilities(fan(part))).numpy() for part in faces.split(32)])


def _dlib(data: Annotated) -> np.ndarray:
    predict = dlib_teacher()[0]
    return np.stack([(predict(face) + 0.5) / face.shape[1] for face in data.faces])


def _row(what: str, found: np.ndarray, data: Annotated) -> None:
    errors = nme(found, data.points)
    interval = bootstrap((errors,), np.mean, random_state=0).confidence_interval
    share = (errors > FAILURE).mean()
    print(
        f"{what:32} {100 * errors.mean():5.2f}  [{100 * interval.low:.2f}, {100 * interval.high:.2f}]"
        f"  median {100 * np.median(errors):.2f}  failures {100 * share:.1f} %"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
