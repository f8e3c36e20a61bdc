# The public names of this package, for type checkers and for lazy_loader, which imports each when it is asked for.
from .base import METHODS as METHODS
from .base import Method as Method
from .callables import as_method as as_method
from .names import find_method as find_method
from .names import load_method as load_method
from .restorer import Restorer as Restorer
