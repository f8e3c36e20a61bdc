"""The page of a watch's history: one HTML file that loads nothing, in the style of a run's page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from fsrbench.drift.known import MEASURES
from fsrbench.drift.memory import Memory
from fsrbench.drift.verdict import TOGETHER, Part, State
from fsrbench.drift.windows import Window
from fsrbench.files.atomic import whole
from fsrbench.reports.page.render import own, policy
from fsrbench.stats.corrections import p_text

HERE: Final = Path(__file__).parent
SHOWN: Final = 120
"""Checks that lines and strips show, the last ones."""
LISTED: Final = 50
"""Checks in the list at the end."""
WIDTH, HEIGHT, EDGE = 200, 30, 4
"""Size and margin of a measure's line, in pixels."""


@dataclass(frozen=True)
class Point:
    """A check in a measure's line."""

    x: float
    y: float
    moved: bool
    label: str


@dataclass(frozen=True)
class Row:
    """A measure over all checks."""

    title: str
    unit: str
    before: str
    after: str
    effect: str
    spread: str
    p: str
    state: str
    points: Sequence[Point]
    middle: float
    """Height of the reference, in pixels from the top."""

    @property
    def path(self) -> str:
        """The line through the points."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)

    @property
    def dots(self) -> list[Point]:
        """The points that are marked: where it moved, and the last."""
        return [point for point in self.points if point.moved or point is self.points[-1]]


@dataclass(frozen=True)
class Check:
    """One check in strips and list."""

    time: str
    seen: int
    states: Mapping[str, str]
    """By part; empty if nothing could be compared."""
    text: str


def write(path: Path, memory: Memory, folder: Path, reference: Window, size: int) -> None:
    """Write the page whole or not at all.

    Args:
        path: the file.
        memory: what the watch has seen and found.
        folder: the watched folder.
        reference: what it is compared with.
        size: of the window, in pictures.
    """
    text = render(memory.checks, folder, reference, size, len(memory.entries))
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", errors="replace")


def render(checks: Sequence[Mapping[str, Any]], folder: Path, reference: Window, size: int, seen: int) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = own("report.css") + (HERE / "history.css").read_text(encoding="utf-8")
    shown = [_check(check) for check in checks[-SHOWN:]]
    verdicts = [check.get("verdict") for check in checks[-SHOWN:]]
    last = next((verdict for verdict in reversed(verdicts) if verdict), None)
    head = {
        "Method": reference.method,
        "Task": reference.task,
        "Reference": f"{reference.name}, {len(reference.values)} pictures",
        "Window": f"the last {size} pictures",
        "Seen": f"{seen} pictures",
        "Checks": str(len(checks)),
        "Last": shown[-1].time if shown else "–",
    }
    return environment.get_template("history.html.j2").render(
        folder=str(folder),
        head=head,
        alpha=last["alpha"] if last else None,
        parts=[(str(part), _of_last(shown, part)) for part in Part],
        tables=[(str(part), found) for part in Part if (found := _rows(verdicts, last, part))],
        notes=last["notes"] if last else [],
        checks=shown,
        listed=list(reversed(shown))[:LISTED],
        width=WIDTH,
        height=HEIGHT,
        style=Markup(style),
        policy=policy(style, []),
    )


def _check(check: Mapping[str, Any]) -> Check:
    time = str(check["time"]).replace("T", " ").replace("+00:00", " UTC")
    verdict = check.get("verdict")
    if not verdict:
        return Check(time, check["seen"], {}, "; ".join(check.get("errors", ())))
    moved: dict[str, list[str]] = {}
    for each in verdict["findings"]:
        if each["state"] == State.MOVED:
            moved.setdefault(each["part"], []).append(_title(each["measure"]))
    lines = [f"{part}: {', '.join(titles)}" for part, titles in moved.items()]
    return Check(time, check["seen"], verdict["parts"], "; ".join(lines) or "nothing moved")


def _of_last(shown: Sequence[Check], part: Part) -> str:
    return (shown[-1].states.get(str(part)) if shown else None) or "not compared"


def _rows(verdicts: Sequence[Any], last: Mapping[str, Any] | None, part: Part) -> list[Row]:
    if last is None:
        return []
    return [_row(each, _line(verdicts, part, each["measure"])) for each in last["findings"] if each["part"] == part]


def _line(verdicts: Sequence[Any], part: Part, name: str) -> list[tuple[float, float, str]]:
    """Place of the check from 0 to 1, effect in standard deviations, and state of a measure."""
    found = []
    for place, verdict in enumerate(verdicts):
        for each in verdict["findings"] if verdict else ():
            if each["part"] == part and each["measure"] == name and each["effect"] is not None:
                found.append((place / max(1, len(verdicts) - 1), float(each["effect"]), each["state"]))
    return found


def _row(last: Mapping[str, Any], line: Sequence[tuple[float, float, str]]) -> Row:
    measure = MEASURES.get(last["measure"])
    digits = measure.digits if measure else 3
    most = max([1.0, *(abs(effect) for _, effect, _ in line)])
    points = [
        Point(
            EDGE + (WIDTH - 2 * EDGE) * place,
            HEIGHT / 2 - (HEIGHT / 2 - EDGE) * effect / most,
            state == State.MOVED,
            f"{effect:+.2f} SD, {state}",
        )
        for place, effect, state in line
    ]
    return Row(
        title=_title(last["measure"]),
        unit=measure.unit if measure else "",
        before=_number(last["before"], f".{digits}f"),
        after=_number(last["after"], f".{digits}f"),
        effect=_number(last["effect"], "+.2f"),
        spread=_spread(last),
        p="–" if last["p_corrected"] is None else p_text(last["p_corrected"]).removeprefix("= "),
        state=last["state"],
        points=points,
        middle=HEIGHT / 2,
    )


def _spread(finding: Mapping[str, Any]) -> str:
    """The ratio of spreads, if the spread is what moved; journals of earlier versions have none."""
    ratio = finding.get("spread")
    return f"spread ×{ratio:.2f}" if ratio is not None and finding["state"] == State.MOVED else ""


def _title(name: str) -> str:
    return "All outputs together" if name == TOGETHER else MEASURES[name].title if name in MEASURES else name


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:{form}}"
