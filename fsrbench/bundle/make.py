"""Make a bundle from finished runs: ``fsrbench submit``."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from pydantic import ValidationError

from fsrbench.bundle import names
from fsrbench.bundle.cards import card_of, licence_of
from fsrbench.bundle.facts import facts_of, metric_facts, track_of, weights_of
from fsrbench.bundle.pixels import pixels_sha256
from fsrbench.bundle.read import BLOCK_COLUMNS, SCORE_COLUMNS, first_of
from fsrbench.bundle.schema import Document, File
from fsrbench.errors import FsrbenchError, UserError, counted, unknown_name
from fsrbench.files.atomic import whole
from fsrbench.pictures.decode import decode
from fsrbench.provenance.versions import versions
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import one_line, section
from fsrbench.runs.names import HR, LR, MANIFEST
from fsrbench.runs.pictures import PictureFolder

DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Date of every file in the zip, so that the same run gives the same bytes."""


@dataclass(frozen=True)
class About:
    """What a run does not know about its method."""

    title: str = ""
    card: str = ""
    """Markdown; by default the one that its package ships."""
    licence: str = ""
    """Of the weights; by default as their package declares it."""
    author: str = ""
    paper: Mapping[str, Any] = field(default_factory=dict)
    """``title``, ``url`` and ``year``, if there is a paper."""


def write_bundle(path: Path, runs: Sequence[RunData], method: str, about: About, with_images: bool = False) -> None:
    """Write one method's results of some runs; the same runs give the same bytes.

    Raises:
        UserError: a run lacks the method or its pictures, or two runs belong to one track.
    """
    for run in runs:
        _check(run, method)
    _check_tracks(runs)
    held = dict(_tables(runs, method))
    pictures = dict(_pictures(runs, method)) if with_images else {}
    document = _document(runs, method, about, held, pictures)
    text = json.dumps(document.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part, zipfile.ZipFile(part, "w") as archive:
        _add(archive, names.DOCUMENT, text.encode())
        for name, data in held.items():
            _add(archive, name, data)
        for name, file in pictures.items():
            _add(archive, name, file.read_bytes(), zipfile.ZIP_STORED)  # a PNG is compressed


def _add(archive: zipfile.ZipFile, name: str, data: bytes, kind: int = zipfile.ZIP_DEFLATED) -> None:
    entry = zipfile.ZipInfo(name, DATE)
    entry.compress_type, entry.create_system, entry.external_attr = kind, 3, 0o100644 << 16
    archive.writestr(entry, data)


def _check(run: RunData, method: str) -> None:
    """Refuse a run that has no numbers of the method."""
    if method not in run.methods:
        raise UserError(f"{run.path}: {unknown_name('method', method, run.methods)}")
    if not any((result := run.result(method, metric)) is not None and result.has_value for metric in run.metrics):
        reason = one_line(run.entry("methods", method).get("note")) or "no metric has one"
        raise UserError(f"{run.path}: {method} has no number: {reason}")


def _check_tracks(runs: Sequence[RunData]) -> None:
    seen: dict[str, Path] = {}
    for run in runs:
        try:
            track = track_of(run.manifest)
        except UserError as error:
            raise UserError(f"{run.path}: {error}") from None
        key = track.model_dump_json()
        if key in seen:
            raise UserError(f"{seen[key]} and {run.path} both belong to the track {track.title}; give one of them")
        seen[key] = run.path


def _tables(runs: Sequence[RunData], method: str) -> Iterator[tuple[str, bytes]]:
    for place, run in enumerate(runs):
        scores, blocks = run.scores[run.scores["method"] == method], run.blocks[run.blocks["method"] == method]
        yield names.scores(place), _csv(scores, SCORE_COLUMNS)
        if len(blocks):
            yield names.blocks(place), _csv(blocks, BLOCK_COLUMNS)
        yield names.manifest(place), (run.path / MANIFEST).read_bytes()


def _csv(frame: pd.DataFrame, columns: Sequence[str]) -> bytes:
    return frame[list(columns)].to_csv(index=False, lineterminator="\n").encode()


def images_of(run: RunData, method: str) -> dict[str, str | None]:
    """The images that the run could use, with their identities."""
    left_out = section(section(run.manifest, "dataset"), "left_out")
    listed = list(run.images["image"]) or list(run.scores.loc[run.scores["method"] == method, "image"].unique())
    return {image: run.identities.get(image) for image in listed if image not in left_out}


def _pictures(runs: Sequence[RunData], method: str) -> Iterator[tuple[str, Path]]:
    """Every picture of the method.

    Raises:
        UserError: one is missing that the method did not fail on.
    """
    for place, run in enumerate(runs):
        kept = _kept(run, method)
        failed = section(run.entry("methods", method), "failed_images")
        images = [image for image in images_of(run, method) if image not in failed]
        if missing := [image for image in images if image not in kept]:
            raise UserError(
                f"{run.path}: no picture of {counted(len(missing), 'image')} of {len(images)}, e.g. {missing[0]}; "
                "--with-images needs all: run it again with --save-images"
            )
        yield from ((names.picture(place, image), kept[image]) for image in images)


def _kept(run: RunData, row: str) -> dict[str, Path]:
    """The files of a row's pictures by image."""
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    missing = index.rows[row].missing if row in index.rows else dict.fromkeys(index.images, "")
    files = {image: folder.file(row, image) for image in index.images if image not in missing}
    return {image: file for image, file in files.items() if file.is_file()}


def _hashes(run: RunData, row: str) -> dict[str, str]:
    """Hashes of the pixels of a row's pictures that the run kept."""
    found = {}
    for image, file in _kept(run, row).items():
        try:
            found[image] = pixels_sha256(np.asarray(decode(file.read_bytes())))
        except FsrbenchError as error:
            raise UserError(f"{file}: {error}") from None
    return found


def _document(
    runs: Sequence[RunData], method: str, about: About, held: Mapping[str, bytes], pictures: Mapping[str, Path]
) -> Document:
    results = [_result(run, method, about) for run in runs]
    source = str(runs[0].entry("methods", method).get("source") or method)
    files = {name: _file(data) for name, data in held.items()}
    files |= {name: _file(file.read_bytes()) for name, file in pictures.items()}
    made = {
        "fsrbench": versions()["fsrbench"],
        "method": {
            "name": method,
            "title": about.title or method,
            "description": one_line(runs[0].entry("methods", method).get("description")),
            "card": about.card or card_of(source),
        },
        "submitter": {"author": about.author},
        "paper": dict(about.paper),
        "created": max(result["finished"] for result in results),
        "results": results,
        "files": files,
    }
    try:
        return Document.model_validate_json(json.dumps(made))
    except ValidationError as error:
        raise UserError(first_of(error)) from None


def _file(data: bytes) -> dict[str, Any]:
    return File(sha256=hashlib.sha256(data).hexdigest(), size=len(data)).model_dump()


def _result(run: RunData, method: str, about: About) -> dict[str, Any]:
    weights = weights_of(run.manifest, method)
    hashes = {row: _hashes(run, row) for row in (LR, HR, method)}
    counted_parameters = run.shown_result(method, "params")
    return facts_of(run.manifest, method) | {
        "weights": weights
        | {
            "licence": about.licence or licence_of(weights["files"], weights["sha256"]),
            "parameters": counted_parameters.value if counted_parameters else None,
        },
        "images": [
            {"id": image, "identity": identity}
            | {part: hashes[row].get(image) for part, row in (("lr", LR), ("hr", HR), ("sr", method))}
            for image, identity in images_of(run, method).items()
        ],
        "summaries": [_summary(run, method, metric) for metric in run.metrics if run.result(method, metric)],
    }


def _summary(run: RunData, method: str, metric: str) -> dict[str, Any]:
    result = run.result(method, metric)
    assert result is not None
    numbers = {name: getattr(result, name) for name in ("value", "ci_low", "ci_high")}
    return (
        {"metric": metric}
        | metric_facts(run.manifest, metric)
        | {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        | {"n": 0 if math.isnan(result.n) else int(result.n), "status": result.status, "note": one_line(result.note)}
    )
