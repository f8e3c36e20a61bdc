"""What changes when somebody's code does: so that stored results of the code before are not taken for its own."""

from __future__ import annotations

import hashlib
import inspect
import uuid
from pathlib import Path


def source(code: type) -> Path | None:
    """The file that a class was written in; ``None`` if it was made in a shell or notebook."""
    try:
        found = inspect.getsourcefile(code)
    except TypeError:
        return None
    return Path(found) if found and Path(found).exists() else None


def of_code(code: type) -> str:
    """Hash of the file that a class was written in; without one another every time."""
    file = source(code)
    return uuid.uuid4().hex if file is None else hashlib.sha256(file.read_bytes()).hexdigest()
