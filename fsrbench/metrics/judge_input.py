"""The input that a face recognition network in an ONNX file takes: declared by the file, else found by trying."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench.datasets import open_dataset
from fsrbench.errors import Unavailable
from fsrbench.faces.alignment import alignment_grid
from fsrbench.faces.points import five_points
from fsrbench.methods.onnx_files import ORDERS, PREFIX, RANGES
from fsrbench.metrics.roc import area_under_curve
from fsrbench.pictures.decode import decode, to_tensor

PEOPLE: Final = 12
"""People of the sample that are tried, with two pictures each."""
GOOD: Final = 0.93
"""At this area under the ROC curve the usual input is right; with a wrong input networks stay below 0.84."""
MARGIN: Final = 0.1
"""How much larger another input's area must be to replace the usual one."""
LEAST: Final = 0.75
"""The least area of another input: a network that recognises nobody stays at 0.5 +- 0.1."""
Describe = Callable[[np.ndarray], np.ndarray]
"""From one picture 3,112,112, as the network takes it, to its descriptor."""


@dataclass(frozen=True)
class JudgeInput:
    """Range and order of the channels, and how they are known."""

    range: str = "-1,1"
    order: str = "RGB"
    source: str = "as usual for ArcFace"

    def __str__(self) -> str:
        """For the protocol line: ``RGB in [-1, 1] (declared by the file)``."""
        return f"{self.order} in [{self.range.replace(',', ', ')}] ({self.source})"

    def convert(self, chips: np.ndarray) -> np.ndarray:
        """From RGB in [0, 1], ...,3,H,W, to what the network takes."""
        low, high = RANGES[self.range]
        ordered = chips if self.order == "RGB" else chips[..., ::-1, :, :]
        return np.ascontiguousarray(ordered * (high - low) + low, dtype=np.float32)


def declared_input(metadata: Mapping[str, str], file: str) -> JudgeInput | None:
    """The input that a file's metadata declare, with the keys of ONNX methods; ``None`` if they give no range.

    Raises:
        Unavailable: an unknown value.
    """
    values = {key: metadata.get(f"{PREFIX}{key}") for key in ("range", "order")}
    for key, allowed in (("range", tuple(RANGES)), ("order", ORDERS)):
        if values[key] is not None and values[key] not in allowed:
            raise Unavailable(f"{file}: metadata {PREFIX}{key} is {values[key]!r}, not one of {allowed}")
    if values["range"] is None:
        return None
    return JudgeInput(values["range"], values["order"] or "RGB", "declared by the file")


def find_input(describe: Describe, order: str = "RGB") -> JudgeInput:
    """The input with which a network best tells people of the sample apart; the usual one unless another clearly wins.

    This cannot decide between RGB and BGR: networks recognise faces in either.
    """
    usual = JudgeInput(order=order, source="as usual for ArcFace; not declared by the file")
    areas = {usual: _area(describe, usual)}
    if areas[usual] < GOOD:
        others = [replace(usual, range=other) for other in RANGES if other != usual.range]
        areas |= {other: _area(describe, other) for other in others}
    best = max(areas, key=lambda candidate: areas[candidate])
    if areas[best] < max(LEAST, areas[usual] + MARGIN):
        return usual
    shown = f"{100 * areas[best]:.0f} instead of {100 * areas[usual]:.0f} % area under the ROC curve"
    return replace(best, source=f"found by trying on the sample: {shown} with [-1, 1]")


def _area(describe: Describe, tried: JudgeInput) -> float:
    """Area under the ROC curve of all pairs of the tried pictures."""
    chips, people = _sample_chips()
    descriptors = np.stack([describe(tried.convert(chip)).ravel() for chip in chips]).astype(np.float64)
    if not np.isfinite(descriptors).all():
        return 0.0
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True).clip(1e-12)
    first, second = np.triu_indices(len(people), 1)
    distance = np.linalg.norm(descriptors[first] - descriptors[second], axis=1)
    genuine = people[first] == people[second]
    return area_under_curve(distance, genuine)


@functools.cache
def _sample_chips() -> tuple[np.ndarray, np.ndarray]:
    """Aligned chips N,3,112,112 of the sample, RGB in [0, 1], two of each person, and the N people."""
    by_person: dict[str, list[Tensor]] = {}
    for sample in open_dataset("sample"):
        chips = by_person.setdefault(str(sample.identity), [])
        if len(chips) == 2 or len(by_person) > PEOPLE:
            continue
        assert sample.hr is not None
        assert sample.landmarks is not None
        picture = to_tensor(np.array(decode(sample.hr.read()))[None])
        points = five_points(torch.as_tensor(np.asarray(sample.landmarks))[None].float())
        grid = alignment_grid(points, picture.shape[-1])
        chips.append(F.grid_sample(picture, grid, mode="bicubic", padding_mode="border", align_corners=False))
    kept = {person: torch.cat(chips) for person, chips in by_person.items() if len(chips) == 2}
    return torch.cat(list(kept.values())).clamp(0, 1).numpy(), np.repeat(list(kept), 2)
