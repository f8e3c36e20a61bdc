"""A run's folder: names, columns and files, written and read here; comparisons of its methods."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.runs.comparison import compare_run as compare_run
    from fsrbench.runs.data import RunData as RunData
    from fsrbench.runs.metric_info import MetricInfo as MetricInfo
    from fsrbench.runs.metric_info import Result as Result

# Imported when they are asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "comparison": ["compare_run"],
        "data": ["RunData"],
        "metric_info": ["MetricInfo", "Result"],
    },
)
