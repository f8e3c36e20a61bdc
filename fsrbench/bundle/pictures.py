"""Check a bundle's pictures: they match their hashes, none is missing, and they can be the method's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from fsrbench.bundle.findings import Finding, State, findings_of
from fsrbench.bundle.pixels import pixels_sha256
from fsrbench.bundle.read import Bundle
from fsrbench.bundle.schema import Image, Result
from fsrbench.checks.equality import judge_exact
from fsrbench.errors import FsrbenchError, UserError, counted
from fsrbench.pictures.decode import decode
from fsrbench.runs.manifest import section
from fsrbench.tasks import find_task

PNG = b"\x89PNG\r\n\x1a\n"


def check_pictures(bundle: Bundle, place: int) -> list[Finding]:
    """Decode a result's pictures, one at a time, and compare them with what it says about them."""
    result = bundle.results[place]
    about, held = result.track.title, bundle.pictures(place)
    hashes = findings_of(about, "hashes of pictures", _of_hashes(result), "are not those of HR or of other images")
    if not held:
        return [*hashes, Finding(State.OPEN, about, "pictures", "the bundle holds none")]
    side, named = find_task(result.track.task).hr_size, {image.id: image.sr for image in result.images}
    each = (line for image in held for line in _of(image, bundle.picture(place, image), named[image], side))
    pictures = [*_complete(bundle, place, set(held)), *each]
    return [*hashes, *findings_of(about, "pictures", pictures, f"{len(held)} are those that their hashes name")]


def _complete(bundle: Bundle, place: int, held: set[str]) -> Iterator[str]:
    result, method = bundle.results[place], bundle.document.method.name
    failed = section(section(section(bundle.manifest(place), "methods"), method), "failed_images")
    missing = [image.id for image in result.images if image.id not in held and image.id not in failed]
    if missing:
        yield f"none of {len(missing)} of {counted(len(result.images), 'image')}, e.g. {missing[0]}"


def _of(image: str, data: bytes, named: str | None, side: int) -> Iterator[str]:
    """What is wrong with one picture's file."""
    try:
        pixels = np.asarray(decode(data))
    except FsrbenchError as error:
        yield f"{image}: {error}"
        return
    if not data.startswith(PNG):
        yield f"{image} is not a PNG file"
    if pixels.shape != (side, side, 3):
        yield f"{image} has {pixels.shape[1]} x {pixels.shape[0]} px, not {side} x {side}"
    if named != pixels_sha256(pixels):
        yield f"{image} is not the picture that was scored" if named else f"{image} has no hash"


def _of_hashes(result: Result) -> Iterator[str]:
    """Pictures that cannot be a method's: HR itself, and one for several different images."""
    known = [image for image in result.images if image.sr]
    equal = sum(image.sr == image.hr for image in known)
    if found := judge_exact(equal, len(known)):
        yield found.text
    by_picture: defaultdict[str, list[Image]] = defaultdict(list)
    for image in known:
        by_picture[str(image.sr)].append(image)
    for images in by_picture.values():
        if len({image.lr or image.id for image in images}) > 1:
            yield f"{images[0].id} and {images[1].id} have the same picture but different inputs"


def check_task(result: Result) -> None:
    """Refuse an unknown task.

    Raises:
        UserError: there is no such task.
    """
    try:
        find_task(result.track.task)
    except UserError as error:
        raise UserError(f"track {result.track.title}: {error}") from None
