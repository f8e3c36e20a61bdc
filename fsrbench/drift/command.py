"""``fsrbench drift RUN --against REF_RUN``: read, compare, print; returns the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from fsrbench.drift import as_json, junit, prometheus, text
from fsrbench.drift.compare import compare
from fsrbench.drift.known import SCORE_NAMES
from fsrbench.drift.verdict import Verdict
from fsrbench.drift.windows import Blocks, Window, of_run
from fsrbench.errors import FsrbenchError, UserError, one_of
from fsrbench.gate.command import Format, no_earlier_file, print_formatted, print_refusal, write_text
from fsrbench.gate.findings import Refusal
from fsrbench.runs.data import RunData
from fsrbench.stats.corrections import PERMUTATIONS

MOVED: Final = 1
HOLDS: Final = 0
SMALLEST_ALPHA: Final = 2 / (PERMUTATIONS + 1)
"""Below this nothing could ever raise an alarm: two tests share the level."""
FORMATS: Final = {
    "text": Format(text.plain, lambda refusal: ""),  # the reasons go to standard error whatever the format
    "junit": Format(junit.junit, junit.refusal),
    "json": Format(as_json.as_json, as_json.refusal),
    "prometheus": Format(prometheus.prometheus, prometheus.refusal),
}


@dataclass(frozen=True)
class Settings:
    """What is compared, and how it is written."""

    against: Path
    """The reference run's folder."""
    method: str | None = None
    blocks: Blocks = "auto"
    alpha: float = 0.05
    format: str = "text"
    output: Path | None = None
    seed: int = 0

    def check(self) -> None:
        """Refuse invalid settings.

        Raises:
            UserError: an unknown format or kind of blocks, or a level that the tests cannot have.
        """
        one_of("format", self.format, tuple(FORMATS))
        one_of("kind of blocks", self.blocks, get_args(Blocks))
        if not 0 < self.alpha < 1:
            raise UserError(f"--alpha {self.alpha:g} is not a probability between 0 and 1")
        if self.alpha < SMALLEST_ALPHA:
            raise UserError(
                f"--alpha {self.alpha:g} is below {SMALLEST_ALPHA:g}, the smallest that the tests can reach"
            )

    def reference(self) -> Window:
        """The reference's pictures."""
        return of_run(RunData.load(self.against), self.method, self.blocks, SCORE_NAMES)


def drift_command(path: Path, settings: Settings) -> int:
    """Compare the run at ``path`` with the reference run and print what has moved.

    With ``output`` the format goes to that file and the text to standard output.

    Returns:
        0 nothing moved, 1 something did.

    Raises:
        UserError: they cannot be compared, or one is unusable.
    """
    settings.check()
    with no_earlier_file(settings.output):
        try:
            window = of_run(RunData.load(path), settings.method, settings.blocks, SCORE_NAMES)
            reference = of_run(RunData.load(settings.against), window.method, settings.blocks, SCORE_NAMES)
            verdict = compare(window, reference, settings.alpha, settings.seed)
        except FsrbenchError as error:
            write_refusal(Refusal(path, settings.against, str(error).splitlines()), settings)
            raise
        write_verdict(verdict, settings)
    return MOVED if verdict.red else HOLDS


def write_verdict(verdict: Verdict, settings: Settings) -> None:
    """Print the verdict, or write its format to a file and print the text."""
    print_formatted(verdict, FORMATS, settings.format, settings.output, _write)


def write_refusal(refusal: Refusal, settings: Settings) -> None:
    """Write why there is no verdict, in the format, so that an older verdict is not mistaken for the present one."""
    print_refusal(refusal, FORMATS[settings.format], settings.output, _write)


def _write(output: Path, content: str) -> None:
    """Write a file whole; a ``*.prom`` file is written under a name that collectors ignore, then renamed."""
    if output.suffix != ".prom":
        write_text(output, content)
        return
    waiting = output.with_name(f".{output.name}.new")
    write_text(waiting, content)
    waiting.replace(output)
