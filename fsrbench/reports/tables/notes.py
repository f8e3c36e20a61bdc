"""The notes of one run below a table: footnotes, what was left out and why, protocols, methods and data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import counts, findings, images_of_people, one_line, protocol_line, section
from fsrbench.runs.names import BOUNDS

Place = tuple[str, str]
"""A method and a metric."""

FAILED_ON: Final = "failed on "
"""Starts notes that already state the status: ``failed on 1 of 24 images``."""
LR_GIVEN: Final = "LR given"
"""Shown instead of a degradation's name if the data has LR; the manifest calls it ``none``."""
MOST_NAMED: Final = 20
"""Longer lists of what was left out are cut, with the number left out; the manifest has them all."""


@dataclass(frozen=True)
class Note:
    """A footnote and the cells that it is about."""

    text: str
    places: tuple[Place, ...]
    column: str | None = None
    """The metric whose heading carries the mark, if the note is about the whole column."""


@dataclass(frozen=True)
class Entry:
    """One line below the table, in parts, so that several runs can share it."""

    subject: str
    text: str
    count: str = ""
    """Sample size: ``n = 480``."""
    joint: str = ": "
    """Separator between subject and text."""


def shown_metrics(run: RunData) -> list[str]:
    """The metrics with a value in at least one row."""
    return [metric for metric in run.metrics if valued(run, metric)]


def valued(run: RunData, metric: str) -> list[str]:
    """The rows that show a number for ``metric``."""
    return [row for row in run.rows if run.shown_result(row, metric)]


def notes(run: RunData, metrics: Sequence[str]) -> list[Note]:
    """The footnotes of a table with these columns, in reading order; equal reasons share one."""
    place_order = {(row, metric): (i, j) for i, row in enumerate(run.rows, 1) for j, metric in enumerate(metrics)}

    def position(note: Note) -> tuple[int, int]:
        return (0, metrics.index(note.column)) if note.column else min(place_order[place] for place in note.places)

    return sorted([*_remarks(run, metrics), *_problems(run, metrics)], key=position)


def _remarks(run: RunData, metrics: Sequence[str]) -> Iterable[Note]:
    """One note per metric: the remarks of its ok rows."""
    for metric in metrics:
        rows = valued(run, metric)
        rows_by_note: dict[str, list[str]] = {}
        for row in rows:
            result = run.result(row, metric)
            if result is not None and result.ok and one_line(result.note):
                rows_by_note.setdefault(one_line(result.note), []).append(row)
        if not rows_by_note:
            continue
        noted = [row for together in rows_by_note.values() for row in together]
        everyone = set(noted) >= set(rows) - set(BOUNDS) and len(noted) > 1
        title = run.metric(metric).title
        if len(rows_by_note) > 1:
            text = f"{title}: {_each(rows_by_note)}"
        else:
            where = title if everyone else _where(run, [(row, metric) for row in noted], metrics)
            text = f"{where}: {next(iter(rows_by_note))}"
        yield Note(text, tuple((row, metric) for row in noted), metric if everyone else None)


def _problems(run: RunData, metrics: Sequence[str]) -> Iterable[Note]:
    """One note per reason for cells that are not ok."""
    reasons: dict[str, list[Place]] = {}
    for row in run.rows:
        for metric in metrics:
            why = _why(run, row, metric)
            if why:
                reasons.setdefault(why, []).append((row, metric))
    for why, places in reasons.items():
        joint = ":" if why.startswith(FAILED_ON) else ""
        yield Note(f"{_where(run, places, metrics)}{joint} {why}", tuple(places))


def _why(run: RunData, row: str, metric: str) -> str:
    """Why a cell is not ok, starting with its status; empty if it is ok, or if floor or ceiling has no such number."""
    result = run.result(row, metric)
    if result is None:
        return "" if row in BOUNDS else "missing: no row in summary.csv"
    if result.status != "ok":
        note = one_line(result.note) or "no reason given"
        return note if note.startswith(FAILED_ON) else f"{result.status}: {note}"
    return "" if result.ok else f"without value: {one_line(result.note) or 'although its status is ok'}"


def _where(run: RunData, places: Sequence[Place], metrics: Sequence[str]) -> str:
    """``ours, scgan (FID, KID)``, or ``ours (every metric)``."""
    columns: dict[str, list[str]] = {}
    for row, metric in places:
        columns.setdefault(row, []).append(metric)
    rows: dict[tuple[str, ...], list[str]] = {}
    for row, where in columns.items():
        rows.setdefault(tuple(where), []).append(row)
    parts = []
    for columns_of, together in rows.items():
        whole_row = len(columns_of) == len(metrics) > 1
        titles = "every metric" if whole_row else ", ".join(run.metric(metric).title for metric in columns_of)
        parts.append(f"{', '.join(together)} ({titles})")
    return "; ".join(parts)


def left_out(run: RunData, metrics: Sequence[str]) -> list[Entry]:
    """The metrics (of ``metrics``), methods and images that the table does not show, with the reason."""
    reasons: dict[str, list[str]] = {}
    for metric in metrics:
        reasons.setdefault(_metric_reason(run, metric), []).append(run.metric(metric).title)
    for method, entry in section(run.manifest, "methods").items():
        if method not in run.rows and method not in BOUNDS:
            status = [
                one_line(entry[key]) for key in ("status", "note") if isinstance(entry, Mapping) and entry.get(key)
            ]
            why = ": ".join(status) or "missing"
            reasons.setdefault(f"{why} (no row in summary.csv)", []).append(method)
    for image, problem in section(section(run.manifest, "dataset"), "left_out").items():
        reasons.setdefault(f"left out: {one_line(problem)}", []).append(f"image {image}")
    return [Entry(_some(names), why, joint=" ") for why, names in reasons.items()]


def _some(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more there are."""
    more = len(names) - MOST_NAMED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:MOST_NAMED])} and {more} more"


def _metric_reason(run: RunData, metric: str) -> str:
    """Why no row has a value; methods are named only where their reasons differ."""
    reasons: dict[str, list[str]] = {}
    for method in run.methods:
        reasons.setdefault(_why(run, method, metric), []).append(method)
    if len(reasons) == 1:
        return next(iter(reasons))
    return f"not ok: {_each(reasons)}"


def _each(methods_by_text: Mapping[str, Sequence[str]]) -> str:
    """``scgan failed: out of memory; ours, bicubic invalid: too few images``."""
    return "; ".join(f"{', '.join(methods)} {text}" for text, methods in methods_by_text.items())


def protocols(run: RunData, metrics: Sequence[str]) -> list[Entry]:
    """One line per column: what exactly was computed, and over how many."""
    return [Entry(run.metric(metric).title, protocol_line(run, metric), counts(run, metric)) for metric in metrics]


def facts(run: RunData, degradation: str = "") -> list[str]:
    """Dataset, n, task, degradation (the given text, else the run's) and warnings."""
    dataset = section(run.manifest, "dataset")
    parts = [f"Dataset {display_name(run.manifest.get('dataset'))}"]
    if "n" in dataset:
        parts.append(f"n = {images_of_people(dataset['n'], dataset.get('identities'))}")
    if dataset.get("has_hr") is False:
        parts.append("no HR images")
    if run.manifest.get("task"):
        parts.append(f"task {display_name(run.manifest['task'])}")
    if run.manifest.get("degradation"):
        text = degradation or degradation_text(run)
        parts.append(text if text == LR_GIVEN else f"degradation {text}")
    if protocol := section(run.manifest, "protocol"):
        parts.append(f"protocol {protocol['id']} {protocol['version']} ({one_line(protocol.get('title'))})")
    if resized := section(run.manifest, "degradation").get("resized"):
        parts.append(one_line(resized))
    parts += [f"warning: {one_line(warning)}" for warning in dataset.get("warnings") or ()]
    return parts


def setting(run: RunData) -> str:
    """Dataset, task and degradation by their bare names."""
    words = [display_name(run.manifest[word]) for word in ("dataset", "task") if run.manifest.get(word)]
    return " ".join([*words, *([degradation_text(run)] if run.manifest.get("degradation") else [])])


def degradation_text(run: RunData) -> str:
    """The degradation's name, and its strength where it has one: ``noise 10 of 255``; :data:`LR_GIVEN` without one."""
    degradation = section(run.manifest, "degradation")
    if degradation.get("name") == "none":
        return LR_GIVEN
    strength = degradation.get("strength")
    if not isinstance(strength, int | float):
        return display_name(run.manifest.get("degradation"))
    return f"{display_name(degradation)} {strength:g} {one_line(degradation.get('unit'))}".rstrip()


def declared_methods(run: RunData) -> list[str]:
    """All methods requested of the run, failed ones included."""
    return list(section(run.manifest, "methods"))


def methods(run: RunData) -> list[Entry]:
    """One line per shown method: what it is and how its weights were trained."""
    lines = []
    for method in run.methods:
        entry = run.entry("methods", method)
        about = one_line(entry.get("description")).rstrip(".")
        training = one_line(entry.get("training")).rstrip(".")
        changed = ", ".join(map(one_line, entry.get("changed_state") or ()))
        parts = [
            source_text(run, method),
            about,
            f"training: {training}" if training else "",
            one_line(entry.get("weights_note")),
            one_line(entry.get("behaviour")),
            f"changed process-wide state, put back: {changed}" if changed else "",
            *(f"warning: {one_line(warning)}" for warning in entry.get("warnings") or ()),
            *(f"warning: {text}" for text in findings(entry)),
        ]
        if any(parts):
            lines.append(Entry(method, "; ".join(filter(None, parts))))
    return lines


def source_text(run: RunData, method: str) -> str:
    """Source of a method that is shown under another name: ``images:SR/codeformer``; empty for a registered one."""
    name = run.renamed.get(method, method)
    source = one_line(run.entry("methods", method).get("source") or name)
    return source if source != method and (source != name or ":" in source) else ""


def display_name(value: object) -> str:
    """A name as it is; of a mapping its ``name``, or else its ``key=value`` pairs."""
    if isinstance(value, Mapping):
        return one_line(value.get("name") or ", ".join(f"{key}={item}" for key, item in value.items()))
    return one_line(value) if value is not None else "unknown"
