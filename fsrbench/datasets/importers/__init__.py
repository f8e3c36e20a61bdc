"""``fsrbench data import``: turn a downloaded archive into a dataset. To add a kind: its line in KINDS.

Nothing is downloaded. Pictures are read in place, from folders and archives, and written as PNG.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fsrbench.datasets.base import FITS
from fsrbench.datasets.importers import celeba, ffhq, folder, lfw, recognition, widerface
from fsrbench.datasets.importers.base import SPLITS, Collection, Options, Split
from fsrbench.datasets.importers.crops import BOX, NATIVE, find_crop
from fsrbench.datasets.importers.tree import Tree
from fsrbench.errors import UserError, one_of, unknown_name


@dataclass(frozen=True)
class Kind:
    """A kind of archive that can be imported."""

    name: str
    title: str
    collect: Callable[[Path, Options], tuple[Collection, Tree]]
    split: Split
    """Default split."""
    crop: str
    home: str
    """Web site of its publishers."""
    terms: str
    side: str = "HR"
    recognition: bool = False
    """Whether it is a set for face identification or verification, whose pictures keep their pixels and sizes."""


_SURVFACE: Final = "For non-commercial research; its pictures may not be passed on. They show real people."


def _recognition(
    name: str, title: str, collect: Callable[[Path, Options], tuple[Collection, Tree]], home: str, terms: str
) -> Kind:
    return Kind(name, title, collect, "test", NATIVE.name, home, terms, "LR", recognition=True)


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(
            "celeba",
            "CelebA",
            celeba.collect,
            "test",
            "centre178",
            "mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
            "For non-commercial research only; its pictures may not be passed on. They show real people.",
        ),
        Kind(
            "ffhq",
            "FFHQ",
            ffhq.collect,
            "val",
            "none",
            "github.com/NVlabs/ffhq-dataset",
            "CC BY-NC-SA 4.0; each photograph has its author's own licence, credits are in sources.csv.",
        ),
        Kind(
            "lfw",
            "LFW",
            lfw.collect,
            "all",
            "none",
            "vis-www.cs.umass.edu/lfw",
            "For research on face verification, not to judge a product by; photographs from news pages, whose rights "
            "are their owners'.",
        ),
        Kind(
            "widerface",
            "WIDER FACE",
            widerface.collect,
            "val",
            BOX.name,
            "shuoyang1213.me/WIDERFACE",
            "For non-commercial research; photographs from the web, whose rights are their owners'.",
            "LR",
        ),
        _recognition(
            "tinyface",
            "TinyFace",
            recognition.tinyface,
            "qmul-tinyface.github.io",
            "For research; photographs from the web, whose rights are their owners'.",
        ),
        _recognition("survface", "QMUL-SurvFace", recognition.survface, "qmul-survface.github.io", _SURVFACE),
        _recognition(
            "survface-pairs",
            "QMUL-SurvFace, verification",
            recognition.survface_pairs,
            "qmul-survface.github.io",
            _SURVFACE,
        ),
        _recognition(
            "scface",
            "SCface",
            recognition.scface,
            "scface.org",
            "By a signed agreement with its publishers; its pictures may not be passed on. They show real people.",
        ),
        _recognition(
            "identification",
            "gallery and probes",
            recognition.folders,
            "",
            "Whatever the owner of the pictures allows.",
        ),
        Kind("folder", "a folder", folder.collect, "all", "none", "", "Whatever the owner of the pictures allows."),
    )
}


def find_kind(name: str) -> Kind:
    """A kind by name.

    Raises:
        UserError: unknown; the message suggests the nearest.
    """
    if name not in KINDS:
        raise UserError(unknown_name("kind of archive", name, KINDS))
    return KINDS[name]


def make_options(kind: Kind, crop: str | None, split: str | None, size: int | None, **others: Any) -> Options:
    """Check the user's choices and fill in the kind's defaults.

    Raises:
        UserError: unknown values, or choices that exclude each other.
    """
    chosen_split = kind.split if split is None else one_of("split", split, SPLITS)
    if kind.crop == BOX.name and (crop not in (None, BOX.name) or size or others["align"] != "given"):
        raise UserError(
            f"{kind.title}: faces are cut around their boxes in whole pixels, without --crop, --size or --align"
        )
    if kind.crop != BOX.name and crop == BOX.name:
        raise UserError(f"{kind.title} has no boxes to crop around")
    one_of("--align", others["align"], ("given", "detect"))
    if others["in_the_wild"] and kind.name != "celeba":
        raise UserError("--in-the-wild is for celeba")
    if others["landmarks"] and kind.name not in ("folder", "scface"):
        raise UserError("--landmarks is for folder and scface; the others bring their own")
    native = _keeps_pixels(kind, crop, size, others)
    upright = others["in_the_wild"] or others["align"] == "detect" or (kind.recognition and not native)
    pixels = size if kind.recognition else None if kind.crop == BOX.name else size or 128
    options = Options(find_crop(crop or ("upright" if upright else kind.crop)).name, chosen_split, pixels, **others)
    if find_crop(options.crop).needs_points and options.align == "given":
        if kind.name == "lfw":
            raise UserError(f"crop {options.crop} needs landmarks and LFW has none; add --align detect")
        if kind.name == "folder" and not options.landmarks:
            raise UserError(f"crop {options.crop} needs landmarks; add --landmarks FILE or --align detect")
    return options


def _keeps_pixels(kind: Kind, crop: str | None, size: int | None, others: dict[str, Any]) -> bool:
    """Whether pictures are written unchanged, as in identification sets without landmarks.

    Raises:
        UserError: choices that exclude each other.
    """
    one_of("--fit", others.setdefault("fit", "pad"), FITS)
    if others.get("distractors") is not None and kind.name not in ("tinyface", "identification"):
        raise UserError("--distractors is for tinyface and identification; the others have none")
    if not kind.recognition:
        if others["fit"] != "pad":
            raise UserError("--fit is for tinyface, survface, scface and identification")
        if crop == NATIVE.name:
            raise UserError(f"crop {NATIVE.name} is for tinyface, survface, scface and identification")
        return False
    if others["landmarks"] or others["align"] == "detect":
        if crop == NATIVE.name:
            raise UserError(f"{kind.title}: crop {NATIVE.name} takes no landmarks")
        return False
    if crop not in (None, NATIVE.name) or size:
        raise UserError(f"{kind.title}: pictures keep their pixels; no --crop or --size without landmarks")
    return True
