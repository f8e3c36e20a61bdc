"""Names in a run's folder that others than the engine must know."""

CACHE = "cache"
"""Where the units that are done lie."""
MANIFEST = "manifest.json"
