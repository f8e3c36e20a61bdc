"""Check that a result's images are those of the data: ids, people, LR and HR."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fsrbench.bundle.findings import Finding, findings_of
from fsrbench.bundle.pixels import pixels_sha256
from fsrbench.bundle.schema import Image, Result
from fsrbench.datasets import Dataset
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.base import Degradation
from fsrbench.degradations.recipes import find_degradation
from fsrbench.errors import UserError, counted
from fsrbench.tasks import find_task

AT_ONCE: Final = 64
"""Images that are decoded per batch."""


def check_inputs(result: Result, data: Dataset, degradation: str) -> list[Finding]:
    """Make LR and HR of the data again and compare their hashes with the result's.

    Args:
        result: with the images.
        data: of the result, cut to its limit.
        degradation: its name in the run, with its strength.
    """
    about, known = result.track.title, {image.id: image for image in result.images}
    try:
        how = find_degradation(degradation)
    except UserError as error:
        return findings_of(about, "images", [str(error)], "")
    found: list[str] = []
    for side, images in _different(result, data, how, known).items():
        if images:
            found.append(f"{side} of {counted(len(images), 'image')} differs from the data, e.g. {images[0]}")
    compared = sum(image.lr is not None for image in result.images)
    return findings_of(about, "images", found, f"are those of the data; LR and HR of {compared} were compared")


def _different(result: Result, data: Dataset, how: Degradation, known: dict[str, Image]) -> dict[str, list[str]]:
    """The images that differ, by what differs."""
    different: dict[str, list[str]] = {"identity": [], "LR": [], "HR": [], "presence": []}
    usable = set()
    people = {sample.id: sample.identity for sample in data}
    for image, hashes in _made(result, data, how):
        usable.add(image)
        claimed = known.get(image)
        if claimed is None:
            different["presence"].append(image)
            continue
        if claimed.identity != people[image]:
            different["identity"].append(image)
        for side, sha256 in hashes.items():
            held = getattr(claimed, side.lower())
            if held is not None and held != sha256:
                different[side].append(image)
    different["presence"] += sorted(known.keys() - usable)
    return different


def _made(result: Result, data: Dataset, how: Degradation) -> Iterator[tuple[str, dict[str, str]]]:
    """Each usable image of the data and the hashes of its pictures."""
    task, samples = find_task(result.track.task), list(data)
    for start in range(0, len(samples), AT_ONCE):
        made = prepare(samples[start : start + AT_ONCE], task, how, result.seed)
        for row, image in enumerate(made.ids):
            hashes = {"LR": pixels_sha256(made.lr[row])}
            yield image, hashes | ({} if made.hr is None else {"HR": pixels_sha256(made.hr[row])})
