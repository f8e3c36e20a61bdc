"""Feature extractors: what is computed once per image and read by many metrics."""

import lazy_loader

# __init__.pyi says where each name is from; imported when asked for, because torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
