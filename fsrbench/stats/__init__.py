"""Statistics: intervals, paired tests, their corrections, and the jackknife of set metrics."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.stats.corrections import benjamini_hochberg as benjamini_hochberg
    from fsrbench.stats.corrections import holm as holm
    from fsrbench.stats.intervals import block_interval as block_interval
    from fsrbench.stats.intervals import mean_interval as mean_interval
    from fsrbench.stats.intervals import median_interval as median_interval
    from fsrbench.stats.intervals import people as people
    from fsrbench.stats.paired import Comparison as Comparison
    from fsrbench.stats.paired import compare as compare
    from fsrbench.stats.paired import p_value as p_value

# Imported when they are asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "corrections": ["benjamini_hochberg", "holm"],
        "intervals": ["block_interval", "mean_interval", "median_interval", "people"],
        "paired": ["Comparison", "compare", "p_value"],
    },
)
