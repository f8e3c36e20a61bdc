"""``fsrbench submit`` and ``fsrbench verify``: read, decide, write, print."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fsrbench.bundle import formats
from fsrbench.bundle.again import Again
from fsrbench.bundle.findings import Outcome, State
from fsrbench.bundle.make import About, write_bundle
from fsrbench.bundle.names import VERDICT
from fsrbench.bundle.read import Bundle, read_bundle
from fsrbench.bundle.verify import verify
from fsrbench.errors import FsrbenchError, UserError, counted, one_of
from fsrbench.gate.as_json import json_text
from fsrbench.gate.command import Format, no_earlier_file, print_formatted, print_refusal, write_text
from fsrbench.gate.findings import Refusal
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section
from fsrbench.runs.pictures import safe_name

FORMATS: Final = {
    "text": Format(formats.text, lambda refusal: ""),  # the reasons go to standard error whatever the format
    "json": Format(formats.as_json, formats.json_refusal),
    "junit": Format(formats.junit, formats.junit_refusal),
}
MISMATCH: Final = 1
AGREES: Final = 0


def submit_command(
    runs: Sequence[Path], method: str, out: Path | None, about: About, with_images: bool = False
) -> None:
    """Write a bundle, check that it is consistent and print what it holds.

    Raises:
        UserError: a run is unusable, lacks the method or pictures, or does not agree with itself.
    """
    out = out or Path(f"{safe_name(method)}.zip")
    if out.suffix.lower() != ".zip":
        raise UserError(f"--out {out}: a bundle must be named NAME.zip")
    loaded = [RunData.load(path) for path in runs]
    part = out.with_name(f".{secrets.token_hex(8)}.zip")
    try:
        try:
            write_bundle(part, loaded, method, about, with_images)
        except OSError as error:
            raise UserError(f"cannot write {out}: {error.strerror}") from None
        bundle = read_bundle(part)
        outcome = verify(bundle)
        if outcome.red:
            first = outcome.of(State.MISMATCH)[0]
            raise UserError(f"the runs do not agree with themselves: {first.about}: {first.check}: {first.text}")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    print("".join(f"{line}\n" for line in _held(out, bundle, loaded)), end="", flush=True)


def _held(path: Path, bundle: Bundle, runs: Sequence[RunData]) -> list[str]:
    """Lines that tell the submitter what a bundle holds."""
    document = bundle.document
    pictures = sum(len(bundle.pictures(place)) for place in range(len(bundle.results)))
    unhashed = sum(image.sr is None for result in document.results for image in result.images)
    size, results = path.stat().st_size / 2**20, counted(len(document.results), "result")
    lines = [f"{path}: {results} of {document.method.name}, {size:.1f} MB"]
    lines += [f"  {result.track.title}: {counted(len(result.images), 'image')}" for result in document.results]
    if unhashed:
        lines.append(f"no hash of {counted(unhashed, 'picture')} that the run did not keep: run it with --save-images")
    kept = f"{counted(pictures, 'picture')} of the method" if pictures else "no picture"
    lines.append(f"it holds {kept} and none of the data; its manifests hold the runs' settings, including paths:")
    lines += [
        f"  {section(run.manifest, 'spec').get('data')}, {section(run.manifest, 'spec').get('out')}" for run in runs
    ]
    return [*lines, f"next: fsrbench verify {path}" + (" --data SRC" if pictures else "")]


def verify_command(
    path: Path,
    again: Again | None = None,
    format: str = "text",
    output: Path | None = None,
    verdict: Path | None = None,
) -> int:
    """Verify a bundle and print what was found.

    With ``output`` the format goes to that file and the text to standard output. If the bundle cannot be read, earlier
    files at ``output`` and ``verdict`` are removed, so that they are not mistaken for this bundle's.

    Returns:
        0 everything agrees, 1 something does not.

    Raises:
        UserError: it cannot be read, or nothing could be compared with the data.
    """
    _refuse_to_overwrite(path, {"--out": verdict, "--output": output})
    with no_earlier_file(output), no_earlier_file(verdict):
        one_of("format", format, tuple(FORMATS))
        try:
            outcome = verify(read_bundle(path), again)
            _refuse_nothing(outcome, again)
        except FsrbenchError as error:
            print_refusal(Refusal(path, path, str(error).splitlines()), FORMATS[format], output)
            raise
        if verdict is not None:
            write_text(verdict, json_text(outcome.verdict()))
        print_formatted(outcome, FORMATS, format, output)
    return MISMATCH if outcome.red else AGREES


def _refuse_to_overwrite(bundle: Path, written: Mapping[str, Path | None]) -> None:
    """Refuse to write over the bundle, or two files into one.

    Raises:
        UserError: two of the paths are the same.
    """
    taken = {bundle.resolve(): "the bundle itself"}
    for option, path in written.items():
        if path is None:
            continue
        if other := taken.get(path.resolve()):
            raise UserError(f"{option} {path}: that is {other}; name another file")
        taken[path.resolve()] = f"the file of {option}"


def _refuse_nothing(outcome: Outcome, again: Again | None) -> None:
    """Refuse a verification with data that compared nothing: its exit code would say that all is well.

    Raises:
        UserError: nothing was compared; the message has the reasons.
    """
    if again is None or not again.data or outcome.red or any(result.recomputed for result in outcome.results):
        return
    reasons = [finding.line for finding in outcome.of(State.OPEN)]
    raise UserError("\n".join([*reasons, "nothing could be recomputed with --data"]))


def verdict_beside(path: Path) -> Path:
    """Where a board looks for the verdict on a bundle."""
    return path.with_name(path.name + VERDICT)
