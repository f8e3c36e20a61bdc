"""The errors that the harness itself tells apart; everything else that a method or metric raises is a failure of it."""

from __future__ import annotations


class FsrbenchError(Exception):
    """Base of the harness's own errors. The message is one line, made to be shown to the user as it is."""


class UserError(FsrbenchError):
    """Unusable input: unknown names, unreadable data, contradictory flags. Exit code 2."""


class Unavailable(FsrbenchError):
    """A method or metric lacks weights or a package. The message says how to get them. Status ``unavailable``."""


class Invalid(FsrbenchError):
    """A metric's protocol does not hold on this data, e.g. too few images. Status ``invalid``."""
