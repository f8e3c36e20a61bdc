"""Feature extractors: what is seen in an image once and read by many metrics."""
