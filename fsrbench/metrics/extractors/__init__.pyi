# The public names of this package, for type checkers and for lazy_loader, which imports each when it is asked for.
from .base import EXTRACTORS as EXTRACTORS
from .base import Extractor as Extractor
