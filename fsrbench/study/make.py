"""``fsrbench study make``: the page that raters open, and the key that they do not get."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from fsrbench.errors import UserError, counted
from fsrbench.files.atomic import whole
from fsrbench.pictures.enlarge import enlarge
from fsrbench.runs.data import RunData
from fsrbench.runs.names import HR, LR
from fsrbench.runs.pictures import Index, PictureFolder
from fsrbench.stats.intervals import people
from fsrbench.study.design import BOTTOM, TOP, Design, make_design
from fsrbench.study.key import FILE, Key, is_key, parse_json, rows
from fsrbench.study.page import write_page
from fsrbench.study.questions import QUESTIONS, Question

PAGE: Final = "study.html"
MOST_IMAGES: Final = 60
"""Default maximum; the more raters, the more of them are seen."""
MOST_BYTES: Final = 30_000_000
"""Maximum of all pictures in base64 by default, so that the page opens quickly on a phone."""
MOST_BYTES_ASKED: Final = 200_000_000
"""The same if a number of images is requested."""
BICUBIC: Final = "bicubic"
"""The method whose pictures are half of the catch pairs."""


@dataclass(frozen=True)
class Settings:
    """Settings of a study."""

    methods: tuple[str, ...] | None = None
    """By default all of the run that have pictures; HR may be among them."""
    images: int | None = None
    """By default as many as fit, up to :data:`MOST_IMAGES`."""
    pairs: int = 30
    """Pairs that a rater sees for each question, besides repeats and catch pairs."""
    questions: tuple[Question, ...] = QUESTIONS
    title: str = "Which picture is better?"
    seed: int = 0


@dataclass(frozen=True)
class Made:
    """The files of a study, and a summary."""

    page: Path
    key: Path
    summary: str


@dataclass(frozen=True)
class _Pictures:
    """The pictures of a study's images."""

    images: tuple[str, ...]
    encoded: tuple[tuple[str, ...], ...]
    """By image: the pictures of each method, HR and the enlarged LR, as lossless WebP in base64."""
    hashes: tuple[tuple[str, ...], ...]
    side: int
    cut: bool
    """Whether there was no room for all."""


def make_study(run: RunData, out: Path, settings: Settings) -> Made:
    """Write a study's page and key.

    Args:
        run: a run that kept pictures, with HR.
        out: the folder.
        settings: its settings.

    Raises:
        UserError: the run has no pictures, too few methods or images in common, or no HR; or the folder holds the key
            of another study.
    """
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    methods = settings.methods or tuple(name for name in run.methods if _has_pictures(index, name))
    images = _images(run, index, methods, settings)
    pictures = _read(folder, index, methods, images, settings)
    design = make_design(
        len(methods), len(pictures.images), len(settings.questions), settings.pairs, seed=settings.seed
    )
    content = _content(design, pictures, settings)
    study = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    who = people(pictures.images, run.identities)
    key = Key(
        study=study,
        run=str(run.path),
        methods=list(methods),
        images=list(pictures.images),
        people=np.unique(who, return_inverse=True)[1].tolist(),
        pictures={name: [found[place] for found in pictures.hashes] for place, name in enumerate(methods)},
        questions=[question.name for question in settings.questions],
        trials=rows(design.trials),
        blocks=[[[list(chunk) for chunk in chunks] for chunks in block] for block in design.blocks],
    )
    _check_free(out, study)
    out.mkdir(parents=True, exist_ok=True)
    write_page(out / PAGE, content | {"study": study})
    with whole(out / FILE) as part:
        part.write_text(key.model_dump_json() + "\n", encoding="utf-8")
    return Made(out / PAGE, out / FILE, _summary(key, design, pictures, settings))


def pixels_hash(pixels: np.ndarray) -> str:
    """sha256 of a uint8 H,W,3 picture's size and pixels, however its file is compressed."""
    return hashlib.sha256(f"{pixels.shape} ".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def read_picture(file: Path) -> np.ndarray:
    """A kept picture as uint8 H,W,3.

    Raises:
        UserError: it is missing or cannot be read.
    """
    try:
        with Image.open(file, formats=["PNG"]) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{file}: cannot be read as PNG: {error}") from None


def _has_pictures(index: Index, method: str) -> bool:
    return method in index.rows and len(index.rows[method].missing) < len(index.images)


def _images(run: RunData, index: Index, methods: Sequence[str], settings: Settings) -> list[str]:
    """The images that every method, HR and LR have a picture of, in the order in which they are taken."""
    if not index.images:
        raise UserError(f"{run.path}: no pictures were kept; run it again with --save-images and the same --out")
    if unknown := [name for name in methods if not _has_pictures(index, name)]:
        raise UserError(f"{run.path}: no pictures of {', '.join(unknown)}; it has {', '.join(run.methods)}")
    if len(set(methods)) < 2:
        raise UserError(f"{run.path}: a study compares at least two methods")
    if HR not in index.rows:
        raise UserError(f"{run.path}: no HR pictures; catch pairs (HR against bicubic) and the reference need them")
    complete = index.complete([*methods, HR, LR])
    if not complete:
        raise UserError(f"{run.path}: {index.sharing(methods) or 'no image has a picture of HR and LR'}")
    # A person's second picture comes after everybody's first: what counts is the number of people
    order = np.random.default_rng(settings.seed).permutation(len(complete))
    mixed = [complete[place] for place in order]
    times: dict[str, int] = {}
    turn = {}
    for image, who in zip(mixed, people(mixed, run.identities), strict=True):
        turn[image] = times[who] = times.get(who, -1) + 1
    return sorted(mixed, key=lambda image: turn[image])[: settings.images or MOST_IMAGES]


def _read(
    folder: PictureFolder, index: Index, methods: Sequence[str], images: Sequence[str], settings: Settings
) -> _Pictures:
    """The pictures of as many images as fit."""
    encoded, hashes, sides = [], [], set()
    room = MOST_BYTES_ASKED if settings.images else MOST_BYTES
    for image in images:
        made = list(_of_image(folder, index, methods, image))
        texts = tuple(map(_encode, made))
        room -= sum(map(len, texts))
        if room < 0:
            break
        encoded.append(texts)
        hashes.append(tuple(map(pixels_hash, made)))
        sides |= {max(picture.shape[:2]) for picture in made[:-1]}
    if len(encoded) < 2 or (settings.images and len(encoded) < settings.images):
        fit = f"{len(encoded)} of {len(images)} images fit into a page" if room < 0 else f"only {len(encoded)} images"
        raise UserError(f"{folder.path}: {fit}; ask for fewer with --images, or for fewer methods")
    return _Pictures(tuple(images[: len(encoded)]), tuple(encoded), tuple(hashes), max(sides), room < 0)


def _of_image(folder: PictureFolder, index: Index, methods: Sequence[str], image: str) -> Iterator[np.ndarray]:
    """Pictures of each method, HR, and bicubic: the run's own, or else LR enlarged by Pillow."""
    for row in (*methods, HR):
        yield read_picture(folder.file(row, image))
    if BICUBIC in index.rows and image not in index.rows[BICUBIC].missing:
        yield read_picture(folder.file(BICUBIC, image))
    else:
        yield enlarge(read_picture(folder.file(LR, image)), read_picture(folder.file(HR, image)).shape[0])


def _encode(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", lossless=True, method=2, quality=30)
    return base64.b64encode(buffer.getvalue()).decode()


def _content(design: Design, pictures: _Pictures, settings: Settings) -> dict[str, Any]:
    """What the page knows: pictures in a random order, pairs of them, and nothing about whose they are."""
    per_image = len(pictures.encoded[0])
    order = np.random.default_rng([settings.seed, 1]).permutation(len(pictures.images) * per_image).tolist()
    flat = [text for texts in pictures.encoded for text in texts]
    place = {cell: number for number, cell in enumerate(order)}

    def picture(image: int, what: int) -> int:
        row = {TOP: per_image - 2, BOTTOM: per_image - 1}.get(what, what)
        return place[image * per_image + row]

    return {
        "schema_version": 1,
        "title": settings.title,
        "side": pictures.side,
        "questions": [{"text": question.text, "reference": question.reference} for question in settings.questions],
        "trials": [
            [t.question, picture(t.image, t.left), picture(t.image, t.right), picture(t.image, TOP)]
            if settings.questions[t.question].reference
            else [t.question, picture(t.image, t.left), picture(t.image, t.right)]
            for t in design.trials
        ],
        "blocks": design.blocks,
        "pictures": [flat[cell] for cell in order],
    }


def _check_free(out: Path, study: str) -> None:
    """Refuse to overwrite the key of another study: without it that study's answers are lost."""
    if not (out / FILE).exists():
        return
    content = parse_json(out / FILE)
    if not is_key(content) or content.get("study") != study:
        raise UserError(f"{out / FILE} is the key of another study; give --out another folder")


def _summary(key: Key, design: Design, pictures: _Pictures, settings: Settings) -> str:
    room = "" if settings.images else f", as many as fit into {MOST_BYTES // 10**6} MB" * pictures.cut
    each = "each of two questions" if len(key.questions) > 1 else "the question"
    asked = len([t for chunks in design.blocks[0] for chunk in chunks for t in chunk])
    return (
        f"{len(key.methods)} methods on {counted(len(key.images), 'image')} of {len(set(key.people))} people{room}; "
        f"each rater answers {asked} pairs: {settings.pairs} for {each}, repeats and catch pairs; raters 1 to "
        f"{len(key.blocks)} get different ones"
    )
