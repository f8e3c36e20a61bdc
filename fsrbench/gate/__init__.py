"""The regression gate: is a run still as good as a stored reference? Reads files only; no torch."""
