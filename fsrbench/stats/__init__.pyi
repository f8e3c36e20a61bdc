# The public names of this package, for type checkers and for lazy_loader, which imports each when it is asked for.
from .corrections import benjamini_hochberg as benjamini_hochberg
from .corrections import holm as holm
from .intervals import block_interval as block_interval
from .intervals import mean_interval as mean_interval
from .intervals import median_interval as median_interval
from .intervals import people as people
from .paired import Comparison as Comparison
from .paired import compare as compare
from .paired import p_value as p_value
from .paired import p_values as p_values
