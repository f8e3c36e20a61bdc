"""A run's folder: names, columns and files, written and read here; comparisons of its methods."""
