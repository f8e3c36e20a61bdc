# The public names of this package, for type checkers and for lazy_loader, which imports each when it is asked for.
from .recipes import DEGRADATIONS as DEGRADATIONS
from .recipes import Degradation as Degradation
from .recipes import find_degradation as find_degradation
from .recipes import rng_for as rng_for
