"""Numbers and facts of a board as its pages write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from fsrbench.board.ranks import HOW, Range
from fsrbench.board.submissions import TRUST, Entry, Submission
from fsrbench.board.tracks import BoardTrack, Column
from fsrbench.bundle.schema import Level
from fsrbench.errors import UserError, counted
from fsrbench.runs.manifest import images_of_people
from fsrbench.runs.metric_info import MetricInfo, Result
from fsrbench.tasks import find_task

_LONGEST: Final = 12
"""Characters of a number; a bundle may say anything."""


def value_text(info: MetricInfo, value: float) -> str:
    """A value as tables show it, without its unit.

    Example:
        >>> psnr = MetricInfo("psnr", "PSNR", "dB", "higher", 2)
        >>> value_text(psnr, 23.456), value_text(psnr, 1e300)
        ('23.46', '1e+300')
    """
    text = info.text(value)
    return text if len(text) <= _LONGEST else f"{value * info.factor:.3g}"


def interval_text(info: MetricInfo, result: Result) -> str:
    """``[23.1, 23.9]``; empty without one."""
    if not result.has_interval:
        return ""
    return f"[{value_text(info, result.ci_low)}, {value_text(info, result.ci_high)}]"


def number(value: float) -> str:
    """A number as JavaScript's ``Number`` reads it, with six digits; empty for NaN."""
    if math.isnan(value):
        return ""
    return f"{value:.6g}" if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def rank_text(places: Range) -> str:
    """``3`` or ``2–5``."""
    best, worst = places
    return str(best) if best == worst else f"{best}–{worst}"


def date_text(submission: Submission) -> str:
    """The day that a bundle's newest results were finished."""
    created = submission.created
    return f"{created:%Y-%m-%d}" if created.year > 1 else submission.document.created[:20] or "unknown"


def task_text(name: str) -> str:
    """``x4 (16 to 64 px)``; the name itself for an unknown task."""
    try:
        return str(find_task(name))
    except UserError:
        return name


def people_text(track: BoardTrack) -> str:
    """``192 images of 64 people``."""
    text = images_of_people(track.images, len(set(track.identities.values())))
    return text if " " in text else f"{text} images"


def order_text(track: BoardTrack) -> str:
    """The table's initial order, and the reason for it."""
    if track.first is None:
        return "In alphabetical order: no metric that could decide the order is ranked here."
    return (
        f"Ordered by the rank range in {track.first.info.title}, ties by name: it needs no trained network, so "
        "anybody can recompute it exactly. It is a starting point, not a verdict"
        f"{': it favours smooth pictures' if track.first.info.name in {'psnr', 'ssim'} else ''}."
    )


def part_text(track: BoardTrack, column: Column, method: str) -> str:
    """``18 of 20 images`` if a method has scores of fewer images than another; else empty."""
    if column.info.name not in track.entries[method].scores:
        return ""
    most, own = max(result.n for result in column.results.values()), column.results[method].n
    return f"{own:g} of {most:g} images" if own < most else ""


def inputs_text(track: BoardTrack) -> list[str]:
    """Methods that were given other LR or HR pictures than most, a line each."""
    names = {method: track.entries[method].submission.title for method in track.other_inputs}
    return [
        f"{names[method]}: its LR or HR pictures differ from those of most methods in {counted(count, 'image')}."
        for method, count in track.other_inputs.items()
    ]


def unchecked_text(track: BoardTrack) -> str:
    """Metrics of checked methods that nobody has recomputed; empty if there are none."""
    entries = {method: entry for method, entry in track.entries.items() if entry.level != Level.SELF_REPORTED}
    titles = [
        column.info.title
        for column in all_columns(track)
        if column.composite is None
        and any(column.info.name not in entries[method].recomputed for method in entries.keys() & column.results.keys())
    ]
    return f"Self-reported even if a method was checked: {', '.join(dict.fromkeys(titles))}." if titles else ""


def how_text(column: Column) -> str:
    """How the methods were told apart in a metric."""
    text = HOW[column.ranking.how]
    return f"Ranks: {text}." if column.ranking.ranges else f"{text[0].upper()}{text[1:]}."


def may_be_first(column: Column, method: str) -> bool:
    """Whether no method is significantly better, if any methods differ significantly at all."""
    places = column.range_of(method)
    return places is not None and places[0] == 1 and len(set(column.ranking.ranges.values())) > 1


def leaders(track: BoardTrack) -> list[str]:
    """The methods that may be first in the metric that orders the table."""
    if track.first is None:
        return []
    found = [method for method in track.order if (track.first.range_of(method) or (0, 0))[0] == 1]
    return [track.entries[method].submission.title for method in found]


def checked(track: BoardTrack) -> int:
    """Number of methods whose results were recomputed."""
    return sum(entry.level != Level.SELF_REPORTED for entry in track.entries.values())


def trust(level: Level) -> int:
    """A level as a number: 0, 1 or 2."""
    return TRUST[level]


def timed(columns: Sequence[Column], method: str) -> bool:
    """Whether a method has any of these times."""
    return any(method in column.results for column in columns)


def all_columns(track: BoardTrack) -> list[Column]:
    """Columns of quality and size, composite scores, and times of each machine."""
    return [*track.columns, *(column for columns in track.speeds.values() for column in columns)]


def different_columns(track: BoardTrack) -> list[Column]:
    """The same, one for each metric and protocol."""
    return list({column.key: column for column in all_columns(track)}.values())


def history_columns(track: BoardTrack, most: int = 5) -> list[Column]:
    """The ranked metrics that a history shows."""
    ranked = [column for column in track.columns if column.ranking.how in {"paired", "intervals", "few"}]
    return (ranked or track.columns)[:most]


def old_value(column: Column, entry: Entry) -> str:
    """A metric's value in an earlier version; a dash if it was measured in another way or not at all."""
    row = entry.result.summary(column.info.name)
    if row is None or row.value is None or row.protocol != column.protocol:
        return "–"
    return value_text(column.info, row.value)


def web_link(url: str) -> bool:
    """Whether an address is a link to the web, not a script."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
