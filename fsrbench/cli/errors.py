"""End a command with one line and an exit code, whatever went wrong. No heavy imports."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from fsrbench.errors import FsrbenchError

MAX_LINE = 1000
"""Characters of a line; a message may hold a name of any length."""


def exit_with(message: str, code: int = 2) -> NoReturn:
    """Print a message to standard error, each line prefixed with ``fsrbench:``, and end the command."""
    for line in message.splitlines():
        shown = line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}..."
        print(f"fsrbench: {shown}", file=sys.stderr)
    raise typer.Exit(code)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn errors that users can act on into one line and an exit code; others keep their traceback."""
    try:
        yield
    except FsrbenchError as error:
        exit_with(str(error), error.exit_code)
    except OSError as error:
        if error.errno is None:
            raise  # not from the system, so nothing that a user can act on
        exit_with(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror))
    except MemoryError:
        exit_with("out of memory")
    except KeyboardInterrupt:
        exit_with("interrupted; finished work is kept; run the same command to continue", 130)
