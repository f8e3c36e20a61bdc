"""``fsrbench check``: read, compare, print; returns the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from rich.console import Console

from fsrbench.errors import FsrbenchError, UserError, one_of
from fsrbench.files.atomic import whole
from fsrbench.gate import as_json, github, junit, reference, text, update
from fsrbench.gate.check import check
from fsrbench.gate.findings import Refusal, Verdict
from fsrbench.runs.data import RunData

Judged = TypeVar("Judged")


@dataclass(frozen=True)
class Format(Generic[Judged]):
    """How a comparison is written: its verdict, or why there is none."""

    verdict: Callable[[Judged], str]
    refusal: Callable[[Refusal], str]


FORMATS: Final = {
    "text": Format(text.plain, lambda refusal: ""),  # the reasons go to standard error whatever the format
    "junit": Format(junit.junit, junit.refusal),
    "github": Format(github.commands, github.refusal),
    "json": Format(as_json.as_json, as_json.refusal),
}
HOLDS: Final = 0
REGRESSED: Final = 1
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""Where GitHub says a job's summary goes."""


def check_command(path: Path, against: Path, format: str = "text", output: Path | None = None, seed: int = 0) -> int:
    """Compare the run at ``path`` with a reference file and print the findings.

    With ``output`` the format goes to that file and the text to standard output. The file also says if the run cannot
    be compared, so that no file of an earlier check is mistaken for this one's.

    Returns:
        0 holds, 1 regressed.

    Raises:
        UserError: it cannot be compared, or is unusable.
    """
    if output is not None and output.resolve() == against.resolve():
        raise UserError(f"--output {output} is the reference itself; name another file")
    with no_earlier_file(output):
        one_of("format", format, tuple(FORMATS))
        try:
            held = reference.read(against)
            verdict = check(RunData.load(path), held, against, seed)
        except FsrbenchError as error:
            _print_refusal(Refusal(path, against, str(error).splitlines()), format, output)
            raise
        _print(verdict, format, output)
    return REGRESSED if verdict.red else HOLDS


@contextmanager
def no_earlier_file(output: Path | None) -> Iterator[None]:
    """Remove an output file of an earlier check if the check inside ends without writing it."""
    before = _stamp(output)
    try:
        yield
    except BaseException:
        if output is not None and before is not None and _stamp(output) == before:
            with suppress(OSError):
                output.unlink()
        raise


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        status = path.stat() if path is not None and path.is_file() else None
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns) if status else None


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
    formatted = FORMATS[format].verdict(verdict)
    if format == "github":
        _summarise(github.summary(verdict))
    if output is not None:
        write_text(output, formatted)
    if output is not None or format == "text":
        text.print_verdict(verdict)
    else:
        print(formatted, end="")


def _print_refusal(refusal: Refusal, format: str, output: Path | None) -> None:
    with _after_reasons(refusal):
        if format == "github":
            _summarise(github.refusal_summary(refusal))
    print_refusal(refusal, FORMATS[format], output)


def print_formatted(
    verdict: Judged,
    formats: Mapping[str, Format[Judged]],
    format: str,
    output: Path | None,
    write: Callable[[Path, str], None] | None = None,
) -> None:
    """Print a verdict in a format; or, with ``output``, write it to that file and print the text.

    Args:
        verdict: what was found.
        formats: by name, including ``text``.
        format: the requested one.
        output: the file, if any.
        write: writes the file; :func:`write_text` by default.
    """
    formatted = formats[format].verdict(verdict)
    if output is not None:
        (write or write_text)(output, formatted)
        formatted = formats["text"].verdict(verdict)
    print(formatted, end="", flush=True)


def print_refusal(
    refusal: Refusal, format: Format[Any], output: Path | None, write: Callable[[Path, str], None] | None = None
) -> None:
    """Print in a format, or write to a file, why there is no verdict, so that no older one is mistaken for it.

    Raises:
        UserError: the file cannot be written; the refusal's reasons come first.
    """
    formatted = format.refusal(refusal)
    if output is None:
        print(formatted, end="", flush=True)
        return
    with _after_reasons(refusal):
        (write or write_text)(output, formatted or refusal.text())


@contextmanager
def _after_reasons(refusal: Refusal) -> Iterator[None]:
    """If writing fails inside, put the refusal's reasons before that error."""
    try:
        yield
    except UserError as error:
        raise UserError("\n".join([*refusal.reasons, str(error)])) from None


def _summarise(content: str) -> None:
    """Add to the summary of GitHub's job, if there is one."""
    if summary := os.environ.get(SUMMARY):
        write_text(Path(summary), content, add=True)


def write_text(path: Path, content: str, add: bool = False) -> None:
    """Write a file, or append to it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place = nullcontext(path) if add else whole(path)
        with place as part, part.open("a" if add else "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}") from None
