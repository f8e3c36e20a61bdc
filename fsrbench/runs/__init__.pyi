# The public names of this package, for type checkers and for lazy_loader, which imports each when it is asked for.
from .comparison import compare_run as compare_run
from .data import RunData as RunData
from .metric_info import MetricInfo as MetricInfo
from .metric_info import Result as Result
