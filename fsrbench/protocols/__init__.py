"""Protocols: named, versioned records of how papers and scripts measure, and the metrics that they name."""
