"""A run's folder: names, columns and files, written and read here; comparisons of its methods."""

import lazy_loader

# __init__.pyi says where each name is from; imported when asked for, because torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
