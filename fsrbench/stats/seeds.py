"""The largest seed."""

from __future__ import annotations

from typing import Final

MOST_SEED: Final = 2**32 - 3
"""NumPy's and SciPy's generators take 32 bits, and verification draws by the seed and by the two after it."""
