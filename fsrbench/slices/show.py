"""Slices as text and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any, Final

from rich.text import Text

from fsrbench.errors import counted
from fsrbench.files.text_table import column_widths, text_row
from fsrbench.reports.tables.comparison import signed
from fsrbench.slices.find import Found, FoundSlice
from fsrbench.stats.corrections import LEVEL, p_text

WIDTH: Final = 100
HEADINGS: Final = ("Slice", "Images (people)", "In it", "Elsewhere", "Effect", "95 % interval", "p (Holm)")
ALIGN: Final = "lrrrrrr"


def as_text(found: Found) -> Text:
    """As text for ``rich``: each method on a separate line, with its slices below."""
    shown = [each for each in found.slices if each.confirmed]
    cells = [_cells(found, each) for each in shown]
    widths = column_widths([HEADINGS, *cells])

    def line(row: Sequence[str]) -> str:
        return f"{text_row(row, widths, ALIGN)}\n"

    text = Text("\n".join(wrap(title(found), WIDTH)) + "\n\n", no_wrap=True)
    text.append(line(HEADINGS) if cells else "")
    for method in found.methods:
        own = [row for each, row in zip(shown, cells, strict=True) if each.method == method]
        text.append(f"{method}\n", style="bold")
        text.append("".join(map(line, own)) or "  nothing found\n")
    for note in notes(found):
        text.append("\n" + "\n".join(wrap(note, WIDTH)))
    return text.append("\n")


def title(found: Found) -> str:
    """What was searched on which images."""
    minus = f" minus {found.base}'s" if found.base else ""
    searched, held_out = found.people
    count = searched + held_out
    people = f"of {count} people" if found.run.identities else f"(no identities: each counts as one of {count} people)"
    return (
        f"{found.metric.label}{minus} of {counted(found.images, 'image')} {people}: "
        f"{searched} searched, {held_out} held out for the tests"
    )


def notes(found: Found) -> Iterator[str]:
    """What the columns mean, what was searched, and what could not be."""
    tested, shown = len(found.slices), sum(each.confirmed for each in found.slices)
    if more := tested - shown:
        yield f"Slices found by the search: {tested}; not confirmed on the held-out people: {more} (see slices.json)."
    if shown:
        yield (
            "Images (people): in the slice, both halves. The other columns are of held-out people only. Effect: mean "
            "in the slice minus mean elsewhere, with its interval over people. p: permutation test by person, for a "
            "refined slice also against its own branch; Holm-corrected over "
            f"{counted(tested, 'slice')}; only slices below {LEVEL:g} are shown."
        )
    if missing := len(found.run.images) - found.images:
        what = f"{counted(missing, 'image')} of {len(found.run.images)}"
        yield f"{what} left out: no finite score of every method."
    yield f"Searched: {', '.join(found.columns)}."
    if found.left_out:
        yield f"Not searched: {', '.join(found.left_out)}."
        if "yaw (not known)" in found.left_out:
            yield (
                "Head pose needs landmarks: landmarks.csv in the data, or a metric in the run that finds them "
                "(landmark_nme, lmd_dlib, verification)."
            )


def as_json(found: Found) -> str:
    """For other programs: numbers in the units of the run's files; a NaN is null."""
    slices = [_record(each) for each in found.slices]
    searched, held_out = found.people
    facts = {
        "metric": found.metric.name,
        "unit": found.metric.unit,
        "direction": found.metric.direction,
        "minus": found.base,
        "methods": list(found.methods),
        "images": found.images,
        "people": {"searched": searched, "held_out": held_out},
        "columns": list(found.columns),
        "left_out": list(found.left_out),
        "seed": found.seed,
        "slices": slices,
    }
    return json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _record(each: FoundSlice) -> dict[str, Any]:
    effect, low, high = each.effect
    held = each.held_out
    numbers = {
        "inside": each.sign * held.inside,
        "elsewhere": each.sign * held.elsewhere,
        "effect": effect,
        "ci_low": low,
        "ci_high": high,
        "p": held.p,
        "p_holm": each.p_corrected,
    }
    return {
        "method": each.method,
        "slice": each.text,
        "conditions": [{"column": c.column, "sign": c.sign, "value": c.value} for c in each.conditions],
        "images": each.images,
        "people": each.people,
        "held_out": {"images": held.images, "people": held.people},
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "confirmed": each.confirmed,
    }


def _cells(found: Found, each: FoundSlice) -> list[str]:
    info, held = found.metric, each.held_out
    effect, low, high = (signed(number * info.factor, info.digits) for number in each.effect)
    means = [info.text(each.sign * mean).replace("-", "−") for mean in (held.inside, held.elsewhere)]
    p = p_text(each.p_corrected).removeprefix("= ")
    return [f"  {each.text}", f"{each.images} ({each.people})", *means, effect, f"[{low}, {high}]", p]
