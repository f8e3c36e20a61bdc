"""The errors that the harness itself tells apart; everything else that a method or metric raises is a failure of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

Name = TypeVar("Name", bound=str)


class FsrbenchError(Exception):
    """Base of the harness's own errors. The message is one line, made to be shown to the user as it is."""

    exit_code: ClassVar[int] = 2


class UserError(FsrbenchError):
    """Unusable input: unknown names, unreadable data, contradictory flags. Exit code 2."""


class Unavailable(FsrbenchError):
    """A method or metric lacks weights or a package. The message says how to get them. Status ``unavailable``.

    Args:
        message: one line.
        missing: what is lacking, where one can see later whether it is there: the name of a weight file or package, or
            folders that would change.
    """

    def __init__(self, message: str, missing: str | tuple[Path, ...] | None = None) -> None:
        super().__init__(message)
        self.missing = missing


class Invalid(FsrbenchError):
    """A metric's protocol does not hold on this data, e.g. too few images. Status ``invalid``."""


class CannotWrite(FsrbenchError):
    """The disk is full or read-only: nothing can go on, and nothing that was done is lost. Exit code 2."""


class Interrupted(FsrbenchError):
    """Ctrl-C or SIGTERM, after what was done has been saved. Exit code 130."""

    exit_code = 130


class EndedProgram(FsrbenchError):
    """Somebody else's code called ``sys.exit()``, or raised something else that would have ended the program."""


def one_of(kind: str, name: str, known: Sequence[Name]) -> Name:
    """The one of the known names that equals ``name``.

    Raises:
        UserError: none does.
    """
    for one in known:
        if one == name:
            return one
    raise UserError(f"unknown {kind} {name!r}; known: {', '.join(known)}")


def one_line(error: BaseException) -> str:
    """Type and first line of an error that somebody else's code raised.

    Example:
        >>> one_line(ValueError("no face\\nin 3 pictures"))
        'ValueError: no face'
        >>> one_line(KeyError())
        'KeyError'
    """
    if isinstance(error, EndedProgram):
        return str(error)
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
