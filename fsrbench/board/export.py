"""The board's numbers for programs: ``board.json`` and CSV files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fsrbench.board.methods import BoardMethod
from fsrbench.board.submissions import Entry, LeftOut
from fsrbench.board.text import all_columns
from fsrbench.board.tracks import BoardTrack, Column

SCHEMA_VERSION: Final = 1
"""Version of the layout of ``board.json``."""
RESULT_COLUMNS: Final = (
    *("track", "method", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "status", "note"),
    *("rank_best", "rank_worst", "ranked", "told_apart_by", "machine", "recomputed"),
)
ENTRY_COLUMNS: Final = (
    *("track", "track_title", "method", "method_title", "author", "level", "finished", "images", "licence"),
    *("weights_sha256", "machine", "bundle", "bundle_sha256"),
)


def results_csv(tracks: Sequence[BoardTrack]) -> str:
    """One row per track, method and metric; values in the files' units, rates as fractions."""
    return _csv(RESULT_COLUMNS, (row for track in tracks for row in _rows(track)))


def entries_csv(tracks: Sequence[BoardTrack]) -> str:
    """One row per track and method."""
    return _csv(ENTRY_COLUMNS, (_entry_row(track, m, track.entries[m]) for track in tracks for m in track.order))


def board_json(
    name: str, tracks: Sequence[BoardTrack], methods: Sequence[BoardMethod], left_out: Sequence[LeftOut]
) -> str:
    """Everything on the pages; docs/board.md explains the fields."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "methods": {method.id: _about_method(method) for method in methods},
        "tracks": [_about_track(track) for track in tracks],
        "left_out": [{"bundle": one.file, "reason": one.reason} for one in left_out],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _rows(track: BoardTrack) -> Iterator[list[Any]]:
    for column in all_columns(track):
        timed = column not in track.columns
        for method in track.order:
            if (result := column.results.get(method)) is None:
                continue
            entry, places = track.entries[method], column.range_of(method)
            yield [
                *(track.id, method, column.key),
                *map(_number, (result.value, result.ci_low, result.ci_high)),
                *(int(result.n), column.info.unit if column.info.unit != "%" else "fraction", column.info.direction),
                *(result.status, result.note, *(places or ("", "")), column.ranked or "", column.ranking.how),
                entry.result.machine.title if timed else "",
                "yes" if column.info.name in entry.recomputed else "no",
            ]


def _entry_row(track: BoardTrack, method: str, entry: Entry) -> list[Any]:
    document, result = entry.submission.document, entry.result
    return [
        *(track.id, track.track.title, method, document.method.title, document.submitter.author, entry.level.value),
        *(result.finished, len(result.images), result.weights.licence, result.weights.sha256 or ""),
        *(result.machine.title, entry.submission.file, entry.submission.bundle.sha256),
    ]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else ""


def _about_method(method: BoardMethod) -> dict[str, Any]:
    document = method.newest.document
    return {
        "name": document.method.name,
        "title": document.method.title,
        "author": document.submitter.author,
        "paper": document.paper.model_dump(),
        "licence": method.licences,
        "tracks": [track.id for track, _ in method.entries],
    }


def _about_track(track: BoardTrack) -> dict[str, Any]:
    return {
        "id": track.id,
        "title": track.track.title,
        **track.track.model_dump(mode="json"),
        "first_order": track.first.key if track.first else None,
        "order": track.order,
        "entries": {method: _about_entry(track, method) for method in track.order},
        "columns": [_about_column(column, machine=None) for column in track.columns],
        "times": [_about_column(column, machine) for machine, columns in track.speeds.items() for column in columns],
    }


def _about_entry(track: BoardTrack, method: str) -> dict[str, Any]:
    entry = track.entries[method]
    return {
        "bundle": entry.submission.file,
        "sha256": entry.submission.bundle.sha256,
        "level": entry.level.value,
        "recomputed": sorted(entry.recomputed),
        "finished": entry.result.finished,
        "weights": entry.result.weights.sha256,
        "older": [
            {"sha256": old.submission.bundle.sha256, "finished": old.result.finished, "level": old.level.value}
            for old in track.older.get(method, ())
        ],
    }


def _about_column(column: Column, machine: str | None) -> dict[str, Any]:
    info = column.info
    fields = {"key": column.key, "metric": info.name, "title": info.title, "direction": info.direction}
    fields |= {"unit": "fraction" if info.unit == "%" else info.unit, "protocol": column.protocol}
    fields |= {"told_apart_by": column.ranking.how}
    if machine is not None:
        fields["machine"] = machine
    results = {}
    for method, result in column.results.items():
        places = column.range_of(method)
        row: dict[str, Any] = {"value": _number(result.value) if result.has_value else None}
        if result.has_interval:
            row["interval"] = [result.ci_low, result.ci_high]
        if places:
            row["places"] = list(places)
        if not result.ok:
            row |= {"status": result.status, "note": result.note}
        results[method] = row | {"n": int(result.n)}
    parts = {"parts": list(column.composite.parts), "formula": column.composite.formula} if column.composite else {}
    return fields | parts | {"results": results}
