"""The harness's own errors and the texts for unknown names. Anything else that a method raises is its failure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

Name = TypeVar("Name", bound=str)


class FsrbenchError(Exception):
    """Base of the harness's own errors. The message is one line, shown to the user as it is."""

    exit_code: ClassVar[int] = 2


class UserError(FsrbenchError):
    """Unusable input: unknown names, unreadable data, contradictory flags. Exit code 2."""


class Unavailable(FsrbenchError):
    """A method or metric lacks weights or a package. The message says how to get them. Status ``unavailable``.

    Args:
        message: one line.
        missing: what is lacking, if its presence can be checked later: the name of a weight file or package, or
            folders that would change.
    """

    def __init__(self, message: str, missing: str | tuple[Path, ...] | None = None) -> None:
        super().__init__(message)
        self.missing = missing


class Invalid(FsrbenchError):
    """A metric's protocol does not hold on this data, e.g. too few images. Status ``invalid``."""


class CannotWrite(FsrbenchError):
    """The disk is full or read-only. The run stops; finished work is kept. Exit code 2."""


class Interrupted(FsrbenchError):
    """Ctrl-C or SIGTERM, after finished work has been saved. Exit code 130."""

    exit_code = 130


class EndedProgram(FsrbenchError):
    """A method's or plug-in's code called ``sys.exit()`` or raised something else that would end the program."""


def one_line(error: BaseException) -> str:
    """Type and first line of an error raised by a method's or plug-in's code.

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


def counted(number: int, noun: str, form: str = "") -> str:
    """A number, formatted by ``form``, with its noun, singular or plural.

    Example:
        >>> counted(1, "image"), counted(24, "image"), counted(3420, "probe", ",")
        ('1 image', '24 images', '3,420 probes')
    """
    return f"{number:{form}} {noun}" if number == 1 else f"{number:{form}} {noun}s"


_KEYS: Final = {"Field required": "is missing", "Extra inputs are not permitted": "is not a known key"}


def requirement(error: Mapping[str, Any]) -> str:
    """What a value must be, from a pydantic error.

    Example:
        >>> requirement({"msg": "Input should be greater than or equal to 1"})
        'must be at least 1'
        >>> requirement({"msg": "Input should be 'x4' or 'x8'"}), requirement({"msg": "Field required"})
        ('must be x4 or x8', 'is missing')
    """
    reason: str = error["msg"].removeprefix("Value error, ")
    if reason in _KEYS:
        return _KEYS[reason]
    if not reason.startswith("Input should "):
        return reason
    reason = reason.replace("Input should", "must", 1).replace("'", "")
    return reason.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """One line for an unknown name, with the nearest known names, or all if none is near.

    Example:
        >>> unknown_name("metric", "psrn", ["psnr", "ssim"])
        "unknown metric 'psrn'; did you mean psnr?"
    """
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(by_lower[n] for n in near)}?" if near else f"known: {', '.join(sorted(known))}"
    return f"unknown {kind} {name!r}; {hint}"


def one_of(kind: str, name: str, known: Sequence[Name]) -> Name:
    """The known name that equals ``name``.

    Raises:
        UserError: there is none.
    """
    for one in known:
        if one == name:
            return one
    raise UserError(f"unknown {kind} {name!r}; known: {', '.join(known)}")
