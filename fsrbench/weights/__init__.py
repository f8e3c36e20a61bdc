"""Weight files: which are known, where they lie, fetching them, and reading them without running code."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.weights.fetching import fetch as fetch
    from fsrbench.weights.fetching import fetched_when_needed as fetched_when_needed
    from fsrbench.weights.fetching import need as need
    from fsrbench.weights.known import WeightFile as WeightFile
    from fsrbench.weights.known import known_files as known_files
    from fsrbench.weights.known import unknown as unknown
    from fsrbench.weights.lookup import ENVIRONMENT as ENVIRONMENT
    from fsrbench.weights.lookup import cache as cache
    from fsrbench.weights.lookup import files as files
    from fsrbench.weights.lookup import find as find
    from fsrbench.weights.lookup import is_available as is_available
    from fsrbench.weights.lookup import judge_note as judge_note
    from fsrbench.weights.lookup import name_of_shipped as name_of_shipped
    from fsrbench.weights.lookup import override as override
    from fsrbench.weights.lookup import parse_override as parse_override
    from fsrbench.weights.lookup import sha256 as sha256
    from fsrbench.weights.lookup import training_note as training_note
    from fsrbench.weights.lookup import undeclared as undeclared
    from fsrbench.weights.lookup import unread as unread

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "fetching": ["fetch", "fetched_when_needed", "need"],
        "known": ["WeightFile", "known_files", "unknown"],
        "lookup": [
            "ENVIRONMENT",
            "cache",
            "files",
            "find",
            "is_available",
            "judge_note",
            "name_of_shipped",
            "override",
            "parse_override",
            "sha256",
            "training_note",
            "undeclared",
            "unread",
        ],
    },
)
