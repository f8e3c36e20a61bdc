"""Weight files: which are known, where they are, fetching them, and reading them without running code."""

from fsrbench.weights.fetching import fetch, fetched_when_needed, need
from fsrbench.weights.known import WeightFile, known_files, unknown
from fsrbench.weights.lookup import (
    ENVIRONMENT,
    cache,
    files,
    find,
    is_available,
    judge_note,
    name_of_shipped,
    override,
    parse_override,
    sha256,
    training_note,
    undeclared,
    unread,
)

__all__ = ["ENVIRONMENT", "WeightFile", "cache", "fetch", "fetched_when_needed", "files", "find", "is_available"]
__all__ += ["judge_note", "known_files", "name_of_shipped", "need", "override", "parse_override", "sha256"]
__all__ += ["training_note", "undeclared", "unknown", "unread"]
