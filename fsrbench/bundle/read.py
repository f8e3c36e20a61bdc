"""Read an untrusted bundle: its document at once, its tables and pictures on demand."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from fsrbench.bundle import names
from fsrbench.bundle.archive import open_archive
from fsrbench.bundle.findings import printable
from fsrbench.bundle.schema import PRINTED, SCHEMA_VERSION, Document, Result, Verdict
from fsrbench.datasets.storage import ZipFiles
from fsrbench.errors import UserError, one_line, requirement
from fsrbench.files.text import read_text
from fsrbench.provenance.file_hashes import sha256_of
from fsrbench.runs.checks import check_frame, check_unique
from fsrbench.runs.columns import STATUSES

MOST_DOCUMENT: Final = 64 * 2**20
"""Maximum bytes of the document; that of all of CelebA, with three hashes per image, has 55 million."""
Model = TypeVar("Model", Document, Verdict)
SCORE_COLUMNS: Final = ("image", "metric", "value", "status")
BLOCK_COLUMNS: Final = ("metric", "block", "value")


@dataclass(frozen=True, eq=False)
class Bundle:
    """One method's results, as somebody submitted them; made by :func:`read_bundle`."""

    path: Path
    sha256: str
    """Of the zip."""
    document: Document
    _archive: ZipFiles

    @property
    def results(self) -> list[Result]:
        """One per run."""
        return self.document.results

    def scores(self, result: int) -> pd.DataFrame:
        """Scores per image of a result, by its index: ``image, metric, value, status``; NaN if missing.

        Raises:
            UserError: the table is missing or malformed.
        """
        return self._table(names.scores(result), SCORE_COLUMNS)

    def blocks(self, result: int) -> pd.DataFrame:
        """Jackknife pseudo-values of metrics of the whole set: ``metric, block, value``; no rows without any.

        Raises:
            UserError: the table is malformed.
        """
        if names.blocks(result) not in self.document.files:
            return pd.DataFrame(columns=list(BLOCK_COLUMNS))
        return self._table(names.blocks(result), BLOCK_COLUMNS)

    def per_image(self, result: int, metric: str) -> pd.Series:
        """One metric's scores by image, or by block of images for a metric of the whole set; empty without any."""
        scores, blocks = self.scores(result), self.blocks(result)
        found, by = (scores, "image") if (scores["metric"] == metric).any() else (blocks, "block")
        return found[found["metric"] == metric].set_index(by)["value"]

    def manifest(self, result: int) -> dict[str, Any]:
        """The run's manifest, as it was written.

        Raises:
            UserError: it is missing or not a JSON object.
        """
        try:
            manifest = json.loads(self.read(names.manifest(result)))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{self.path}: {names.manifest(result)}: not valid JSON: {one_line(error)[:200]}") from None
        if not isinstance(manifest, dict):
            raise UserError(f"{self.path}: {names.manifest(result)}: must hold an object")
        return manifest

    def pictures(self, result: int) -> list[str]:
        """The images of which the bundle has the method's picture."""
        held = self.document.files
        return [image.id for image in self.results[result].images if names.picture(result, image.id) in held]

    def picture(self, result: int, image: str) -> bytes:
        """The PNG file of the method's picture of an image; it may be anything until it is decoded.

        Raises:
            UserError: it is missing.
        """
        return self.read(names.picture(result, image))

    def read(self, name: str) -> bytes:
        """The bytes of a file of the bundle.

        Raises:
            UserError: it is missing or damaged.
        """
        try:
            return self._archive.read(name)
        except KeyError:
            raise UserError(f"{self.path}: no {name}") from None
        except OSError as error:
            raise UserError(f"{self.path}: {name} {error}") from None

    def damage(self) -> Iterator[str]:
        """Differences between the files and what the document says about them, one line each."""
        declared, there = self.document.files, set(self._archive.names()) - {names.DOCUMENT}
        yield from (f"{name} is missing" for name in sorted(declared.keys() - there))
        yield from (f"{name} is not listed in {names.DOCUMENT}" for name in sorted(there - declared.keys()))
        for name in sorted(declared.keys() & there):
            try:
                data = self.read(name)
            except UserError as error:
                yield str(error).removeprefix(f"{self.path}: ")
                continue
            if len(data) != declared[name].size or hashlib.sha256(data).hexdigest() != declared[name].sha256:
                yield f"{name} was changed: its sha256 is not the one in {names.DOCUMENT}"

    def _table(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        where = self.path / name
        try:
            frame = pd.read_csv(io.BytesIO(self.read(name)), dtype=str, keep_default_na=False)
            if "value" in frame:  # pandas reads the last digit of some numbers wrong
                frame["value"] = [float(text) if text else math.nan for text in frame["value"]]
        except UserError:
            raise
        except Exception as error:  # a parser error, an encoding error, an empty file
            raise UserError(f"{where}: cannot be read as CSV: {one_line(error)[:200]}") from None
        check_frame(where, frame, [column for column in columns if column != "value"], ["value"])
        check_unique(where, frame, columns[:2])
        if "status" in columns and (unknown := sorted(set(frame["status"]) - set(STATUSES))):
            raise UserError(f"{where}: unknown status {unknown[0][:40]!r}")
        return frame[list(columns)]


def read_bundle(path: Path) -> Bundle:
    """Read a bundle that may come from anybody.

    What is read is bounded: a zip with entries that lead out of it, links, duplicates or a bomb is refused. Nothing is
    extracted. Whether the files are those that were submitted is checked by :meth:`Bundle.damage`.

    Raises:
        UserError: it is not a bundle, damaged, or of a newer fsrbench; one line that says which.
    """
    archive = open_archive(path)
    try:
        data = archive.read(names.DOCUMENT)
    except OSError as error:
        raise UserError(f"{path}: {names.DOCUMENT} {error}") from None
    if len(data) > MOST_DOCUMENT:
        raise UserError(f"{path}: {names.DOCUMENT} has more than {MOST_DOCUMENT // 2**20} MiB")
    return Bundle(path, sha256_of(path), _parse(f"{path}: {names.DOCUMENT}", data, Document), archive)


def read_verdict(bundle: Path) -> Verdict | None:
    """The verdict beside a bundle: ``NAME.zip.verdict.json``; ``None`` if there is none, or it is on other bytes.

    Raises:
        UserError: it cannot be read.
    """
    path = bundle.with_name(bundle.name + names.VERDICT)
    if not path.exists():
        return None
    verdict = _parse(str(path), read_text(path).encode(), Verdict)
    return verdict if verdict.bundle_sha256 == sha256_of(bundle) else None


def moment_of(date: str) -> datetime | None:
    """The moment that a date of ISO 8601 names, in UTC unless it says otherwise; ``None`` if it is not a date.

    Example:
        >>> moment_of("2026-11-30T08:00:00"), moment_of("lately")
        (datetime.datetime(2026, 11, 30, 8, 0, tzinfo=datetime.timezone.utc), None)
    """
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Versioned(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    schema_version: int


def _parse(where: str, data: bytes, model: type[Model]) -> Model:
    try:
        version = _Versioned.model_validate_json(data).schema_version
        if version > SCHEMA_VERSION:
            raise UserError(f"{where}: schema version {version} is newer than this fsrbench reads; update fsrbench")
        return model.model_validate_json(data)
    except ValidationError as error:
        raise UserError(f"{where}: {first_of(error)}") from None


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    first = error.errors()[0]
    place = printable(".".join(map(str, first["loc"])))
    unprinted = first.get("ctx", {}).get("pattern") == PRINTED
    reason = "contains an unprintable character" if unprinted else printable(requirement(first))
    return f"{place[:200]}{': ' if place else ''}{reason[:300]}"
