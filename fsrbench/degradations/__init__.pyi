# The public names of this package, for type checkers and for lazy_loader, which imports each on first access.
from .base import Degradation as Degradation
from .base import rng_for as rng_for
from .recipes import DEGRADATIONS as DEGRADATIONS
from .recipes import check_task as check_task
from .recipes import find_degradation as find_degradation
from .strengths import STRENGTHS as STRENGTHS
