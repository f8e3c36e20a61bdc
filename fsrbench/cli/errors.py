"""How commands end: with one line and an exit code, whatever went wrong. Nothing heavy is imported here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from fsrbench.errors import FsrbenchError

MAX_LINE = 1000
"""Characters of a message; it may hold a name of any length."""


def exit_with(message: str, code: int = 2) -> NoReturn:
    """End the command with one line, or one for each of several reasons."""
    for line in message.splitlines():
        shown = line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}..."
        print(f"fsrbench: {shown}", file=sys.stderr)
    raise typer.Exit(code)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn the errors that users can do something about into one line and exit code 2."""
    try:
        yield
    except FsrbenchError as error:
        exit_with(str(error), error.exit_code)
    except OSError as error:
        if error.errno is None:
            raise  # not the system's word, so nothing that a user can do something about
        exit_with(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
    except MemoryError:
        exit_with("out of memory")
    except KeyboardInterrupt:
        exit_with("interrupted; what was done is kept and the same command goes on from there", 130)
