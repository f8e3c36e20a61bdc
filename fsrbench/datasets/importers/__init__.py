"""``fsrbench data import``: turn a downloaded archive into a dataset. To add a kind: its line in KINDS.

Nothing is downloaded. Pictures are read where they lie, in folders and archives, and written as PNG.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fsrbench.datasets.importers import celeba, ffhq, folder, lfw, widerface
from fsrbench.datasets.importers.base import SPLITS, Collection, Options, Split
from fsrbench.datasets.importers.crops import BOX, find_crop
from fsrbench.datasets.importers.tree import Tree
from fsrbench.errors import UserError
from fsrbench.registry import Registry


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
        Kind("folder", "a folder", folder.collect, "all", "none", "", "Whatever the owner of the pictures allows."),
    )
}


def find_kind(name: str) -> Kind:
    """A kind by name.

    Raises:
        UserError: unknown; the message suggests the nearest.
    """
    if name not in KINDS:
        raise UserError(Registry("kind of archive", dict.fromkeys(KINDS, "")).unknown(name))
    return KINDS[name]


def make_options(kind: Kind, crop: str | None, split: str | None, size: int | None, **others: Any) -> Options:
    """The user's choices, checked, with the kind's defaults for the others.

    Raises:
        UserError: unknown values, or choices that exclude each other.
    """
    if split is not None and split not in SPLITS:
        raise UserError(f"unknown split {split!r}; known: {', '.join(SPLITS)}")
    if kind.crop == BOX.name and (crop not in (None, BOX.name) or size or others["align"] != "given"):
        raise UserError(f"{kind.title}: faces are cut around their boxes in whole pixels; no --crop, --size or --align")
    if kind.crop != BOX.name and crop == BOX.name:
        raise UserError(f"{kind.title} has no boxes to crop around")
    if others["align"] not in ("given", "detect"):
        raise UserError(f"unknown --align {others['align']!r}; known: given, detect")
    if others["in_the_wild"] and kind.name != "celeba":
        raise UserError("--in-the-wild is for celeba")
    if others["landmarks"] and kind.name != "folder":
        raise UserError("--landmarks is for folder; the others bring their own")
    default = ("upright" if others["in_the_wild"] else kind.crop) if others["align"] == "given" else "upright"
    pixels = None if kind.crop == BOX.name else size or 128
    options = Options(find_crop(crop or default).name, split or kind.split, pixels, **others)
    if find_crop(options.crop).needs_points and options.align == "given":
        if kind.name == "lfw":
            raise UserError(f"crop {options.crop} needs landmarks and LFW has none; add --align detect")
        if kind.name == "folder" and not options.landmarks:
            raise UserError(f"crop {options.crop} needs landmarks; add --landmarks FILE or --align detect")
    return options
