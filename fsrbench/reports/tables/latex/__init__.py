"""A table as LaTeX."""
