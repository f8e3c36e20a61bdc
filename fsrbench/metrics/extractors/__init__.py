"""Feature extractors: what is seen in an image once and read by many metrics."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.metrics.extractors.base import EXTRACTORS as EXTRACTORS
    from fsrbench.metrics.extractors.base import Extractor as Extractor

# Imported when they are asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["EXTRACTORS", "Extractor"],
    },
)
