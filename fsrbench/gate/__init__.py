"""The regression gate: does a run still hold against a stored reference? Reads files alone; no torch."""
