"""Methods: the base class, one file for each kind of method, timing, counting and export."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from fsrbench.methods.base import METHODS as METHODS
    from fsrbench.methods.base import Method as Method
    from fsrbench.methods.callables import as_method as as_method
    from fsrbench.methods.names import find_method as find_method
    from fsrbench.methods.names import load_method as load_method
    from fsrbench.methods.restorer import Restorer as Restorer

# Imported when they are asked for: torch takes seconds.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "base": ["METHODS", "Method"],
        "callables": ["as_method"],
        "names": ["find_method", "load_method"],
        "restorer": ["Restorer"],
    },
)
