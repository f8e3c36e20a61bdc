"""The whole of ``fsrbench check``: read, decide, print; the number it returns is the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from rich.console import Console

from fsrbench.atomic import whole
from fsrbench.errors import UserError
from fsrbench.gate import as_json, github, junit, reference, text, update
from fsrbench.gate.check import check
from fsrbench.gate.findings import Verdict
from fsrbench.gate.setup import Incomparable
from fsrbench.reports.data import RunData

FORMATS: Final[dict[str, Callable[[Verdict], str]]] = {
    "text": text.plain,
    "junit": junit.junit,
    "github": github.commands,
    "json": as_json.as_json,
}
HOLDS: Final = 0
REGRESSED: Final = 1
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""Where GitHub says a job's summary goes."""


def check_command(path: Path, against: Path, format: str = "text", output: Path | None = None, seed: int = 0) -> int:
    """Hold the run at ``path`` against a reference file and print what was found.

    With ``output`` the format goes to that file and the text to standard output.

    Returns:
        0 holds, 1 regressed.

    Raises:
        UserError: it cannot be compared, or is unusable.
    """
    if format not in FORMATS:
        raise UserError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
    held = reference.read(against)
    try:
        verdict = check(RunData.load(path), held, against, seed)
    except Incomparable as error:
        if format == "github":
            print(github.refusals(error.lines), end="")
        raise
    _print(verdict, format, output)
    return REGRESSED if verdict.red else HOLDS


def update_command(path: Path, against: Path) -> None:
    """Make the run at ``path`` the reference and print what that changes.

    Raises:
        UserError: a method of the run failed, or a file cannot be read or written.
    """
    before = reference.read(against) if against.exists() else None
    after = update.make(RunData.load(path), before)
    reference.write(after, against)
    console = Console(highlight=False)
    lines = update.changes(before, after)
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    done = "updated" if before else "made"
    console.print(f"{against} {done}: {len(lines)} changes", markup=False, soft_wrap=True)


def _print(verdict: Verdict, format: str, output: Path | None) -> None:
    formatted = FORMATS[format](verdict)
    if format == "github" and (summary := os.environ.get(SUMMARY)):
        _write(Path(summary), github.summary(verdict), add=True)
    if output is not None:
        _write(output, formatted)
    if output is not None or format == "text":
        text.print_verdict(verdict)
    else:
        print(formatted, end="")


def _write(path: Path, content: str, add: bool = False) -> None:
    """Write a file, or add to what others have written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place = nullcontext(path) if add else whole(path)
        with place as part, part.open("a" if add else "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
