"""Methods: the base class, one file for each kind of method, timing, counting and export."""

import lazy_loader

# __init__.pyi says where each name is from; imported when asked for, because torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
