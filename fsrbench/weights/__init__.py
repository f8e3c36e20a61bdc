"""Weight files: the table of those that are known, finding, fetching and reading them without running code."""
