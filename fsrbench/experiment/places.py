"""What lies in an experiment's folder besides its runs."""

from __future__ import annotations

from typing import Final

RECORD: Final = "experiment.json"
TABLES: Final = "tables"
PLOTS: Final = "plots"
TAKEN: Final = (RECORD, TABLES, PLOTS)
"""No run may be called so."""
